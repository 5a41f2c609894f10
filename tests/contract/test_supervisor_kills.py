"""Supervisors whose children, and who themselves, are killed (SIGKILL, on Ray)."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

import shoal
from shoal import ChildSpec, Supervisor
from shoal.errors import AgentStopped, DeliveryError
from tests.contract.mortals import Boss, Hire, Identity, Mortal, Who
from tests.contract.test_processes import ended
from tests.contract.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray]
Fresh = Callable[[str], str]


def child(id: str, **options: Any) -> ChildSpec:
    return ChildSpec(id=id, agent=Mortal(None, id), **options)


async def who(ref: shoal.Ref) -> Identity:
    found: Identity = await ref.ask(Who(), timeout_s=60)
    return found


async def pid_of(system: shoal.System, ref: shoal.Ref) -> int:
    (health,) = await system.health(ref)
    return int(health["pid"])


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


async def test_a_killed_child_is_there_again_and_its_asker_hears_nothing_of_it(
    ray_system: shoal.System, fresh: Fresh
) -> None:
    supervisor = await ray_system.spawn(Supervisor([child("a"), child("b")], intensity=5), name=fresh("sup"))
    a, b = [await who(supervisor.child(id)) for id in "ab"]
    kill(a.pid)
    again = await who(supervisor.child("a"))
    assert again.pid != a.pid
    assert await who(supervisor.child("b")) == b
    kill(again.pid, b.pid)
    new = await asyncio.gather(*(who(supervisor.child(id)) for id in "ab"))
    assert not {one.pid for one in new} & {again.pid, b.pid}

    async def counted() -> Any:
        found = await supervisor.which_children()
        return found if [state.restarts for state in found] == [2, 1] else None

    states = await eventually(counted)
    assert all("died" in str(state.last_exit and state.last_exit.text) for state in states)
    await ray_system.stop(supervisor)
    assert await ended(*(one.pid for one in new))


async def test_a_killed_supervisor_takes_up_its_living_children_and_goes_on(
    ray_system: shoal.System, fresh: Fresh
) -> None:
    supervisor = await ray_system.spawn(
        Supervisor([child("a"), child("b", restart="transient"), child("c")], intensity=0), name=fresh("sup")
    )
    added = await supervisor.start_child(child("added"))
    before = [await who(supervisor.child(id)) for id in ("a", "c", "added")]
    await supervisor.terminate_child("b")
    first = await pid_of(ray_system, supervisor)
    kill(first)
    states = await supervisor.which_children()
    assert [(state.id, state.status) for state in states] == [
        ("a", "running"), ("b", "down"), ("c", "running"), ("added", "running"),
    ]  # fmt: skip
    assert [await who(supervisor.child(id)) for id in ("a", "c", "added")] == before
    await supervisor.restart_child("b")
    assert (await who(supervisor.child("b"))).label == "b"
    assert (await supervisor.get_childspec("added")).id == "added"
    # Both at once, and children too: what was lost with the supervisor is not counted against its intensity.
    kill(await pid_of(ray_system, supervisor), before[0].pid, before[2].pid)
    again = [await who(supervisor.child(id)) for id in ("a", "c", "added")]
    assert again[1] == before[1]
    assert not {again[0].pid, again[2].pid} & {before[0].pid, before[2].pid}
    assert (await who(added)).label == "added"
    pids = [one.pid for one in again]
    await ray_system.stop(supervisor)
    assert await ended(*pids)


async def test_children_of_a_template_survive_their_supervisor_with_their_arguments(
    ray_system: shoal.System, fresh: Fresh
) -> None:
    supervisor = await ray_system.spawn(
        Supervisor([ChildSpec(id="w", agent=Mortal)], strategy="simple_one_for_one", intensity=5),
        name=fresh("sup"),
    )
    refs = [await supervisor.start_child(kwargs={"label": f"label-{n}"}) for n in range(2)]
    before = [await who(ref) for ref in refs]
    kill(await pid_of(ray_system, supervisor), before[0].pid)
    again = [await who(ref) for ref in refs]
    assert [one.label for one in again] == ["label-0", "label-1"]
    assert again[0].pid != before[0].pid
    assert again[1] == before[1]
    assert await supervisor.start_child() == supervisor.child("w-3")
    await ray_system.stop(supervisor)


@pytest.mark.slow
async def test_a_subtree_is_up_again_after_its_supervisors_and_workers_were_killed_together(
    ray_system: shoal.System, fresh: Fresh
) -> None:
    inner = Supervisor([child("x"), child("y")], strategy="one_for_all", intensity=5)
    root = await ray_system.spawn(
        Supervisor([ChildSpec(id="inner", agent=inner), child("z")], strategy="rest_for_one", intensity=5),
        name=fresh("root"),
    )
    below = shoal.SupervisorRef.of(root.child("inner"))
    refs = [below.child("x"), below.child("y"), root.child("z")]
    before = [await who(ref) for ref in refs]
    kill(await pid_of(ray_system, root), await pid_of(ray_system, below), before[1].pid)

    async def all_again() -> list[Identity] | None:
        now = [await who(ref) for ref in refs]
        return now if now[1].pid != before[1].pid and now[0].pid != before[0].pid else None

    now = await eventually(all_again)
    assert [one.label for one in now] == ["x", "y", "z"]
    assert [state.id for state in await below.which_children()] == ["x", "y"]
    await ray_system.stop(root)
    assert await ended(*(one.pid for one in now))


async def test_a_supervisor_that_is_killed_on_purpose_takes_its_children_with_it(
    ray_system: shoal.System, fresh: Fresh
) -> None:
    supervisor = await ray_system.spawn(Supervisor([child("a"), child("b")]), name=fresh("sup"))
    pids = [(await who(supervisor.child(id))).pid for id in "ab"]
    await ray_system.stop(supervisor, kill=True)
    assert await ended(*pids)
    for id in "ab":
        with pytest.raises(AgentStopped, match="its parent"):
            await supervisor.child(id).ask(Who())


async def test_a_child_that_does_not_stop_in_its_grace_is_killed(
    ray_system: shoal.System, fresh: Fresh
) -> None:
    supervisor = await ray_system.spawn(
        Supervisor([child("a", shutdown=0.2), child("b", shutdown="brutal_kill")]), name=fresh("sup")
    )
    pids = [(await who(supervisor.child(id))).pid for id in "ab"]
    os.kill(pids[0], signal.SIGSTOP)
    await supervisor.terminate_child("a")
    await supervisor.terminate_child("b")
    assert await ended(*pids)
    exits = [state.last_exit for state in await supervisor.which_children()]
    assert exits[0] is not None
    assert exits[0].kind == "killed"
    assert "had not stopped within its 0.2 s" in exits[0].text
    await ray_system.stop(supervisor)


async def test_a_crash_loop_is_given_up_and_the_system_says_so(ray_session: str) -> None:
    async with shoal.start(None, spares=0) as system:
        supervisor = await system.spawn(Supervisor([child("a")], intensity=1, period_s=600), name="sup")
        failing = asyncio.ensure_future(system.wait_failed())
        for _ in range(2):
            kill((await who(supervisor.child("a"))).pid)
        exit = await failing
        assert exit.who == "sup"
        assert "gave up: 2 restarts within 600 s, 1 allowed" in exit.describe()
        assert "because a: killed: its process" in exit.describe()
        with pytest.raises(DeliveryError, match="gave up"):
            await supervisor.child("a").ask(Who())


async def test_what_an_agent_started_outlives_its_restart_and_ends_when_it_is_gone_for_good(
    ray_system: shoal.System, fresh: Fresh
) -> None:
    boss = await ray_system.spawn(Boss, name=fresh("boss"))
    first = ray_system.ref(f"{boss.address}/mortal-1")
    before = await who(first)
    names = await boss.ask(Hire(then_die=True), timeout_s=60)
    assert names[0] == first.address
    assert await who(first) == before
    hosts = [health["host"] for health in await ray_system.health()]
    assert sorted(name for name in hosts if name.startswith(f"{boss.address}/")) == sorted(names)
    kill(await pid_of(ray_system, boss))
    assert (await boss.ask(Hire(), timeout_s=60))[0] == first.address
    pids = [before.pid, (await who(ray_system.ref(names[1]))).pid]
    await ray_system.stop(boss)
    assert await ended(*pids)
    with pytest.raises(AgentStopped, match="its parent"):
        await ray_system.ref(names[1]).ask(Who())


@pytest.mark.slow
async def test_supervisors_go_on_when_the_systems_own_actor_is_killed_with_children_and_a_supervisor(
    ray_session: str,
) -> None:
    async with shoal.start(None, spares=0) as system:
        supervisor = await system.spawn(Supervisor([child("a"), child("b")], intensity=5), name="sup")
        other = await system.spawn(Supervisor([child("c")], intensity=5), name="other")
        a, b = [await who(supervisor.child(id)) for id in "ab"]
        c = await who(other.child("c"))
        actor_pid = await system._actor.pid.remote()  # type: ignore[attr-defined]
        kill(actor_pid, a.pid, await pid_of(system, other))
        assert (await who(supervisor.child("a"))).pid != a.pid
        assert await who(supervisor.child("b")) == b
        assert [state.id for state in await other.which_children()] == ["c"]
        assert await who(other.child("c")) == c
        kill(c.pid)
        again = await who(other.child("c"))
        assert again.pid != c.pid
    assert await ended(b.pid, again.pid)
