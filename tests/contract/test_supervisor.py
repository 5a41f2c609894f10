"""Supervisors (DESIGN 4.4), on every host. What needs a process to kill is in ``test_supervisor_kills.py``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import shoal
from shoal import ChildSpec, Supervisor
from shoal.actors.supervisor_messages import WhichChildren
from shoal.errors import AgentStopped, ConfigError, DeliveryError, NameTaken, RequestRefused, ShoalError
from tests.contract.agents import Note, Notes, Stage
from tests.contract.mortals import Boss, End, Hire, Identity, Mortal, NeverStarts, OnlyOnce, Who
from tests.contract.waiting import eventually, letters_to

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray]
Fresh = Callable[[str], str]


def child(id: str, stage: shoal.Ref | None = None, **options: Any) -> ChildSpec:
    return ChildSpec(id=id, agent=Mortal(stage, id), **options)


async def who(ref: shoal.Ref) -> Identity:
    found: Identity = await ref.ask(Who())
    return found


async def is_up_again(supervisor: shoal.SupervisorRef, before: Identity) -> Identity:
    """Wait until a child has another incarnation than this; return that."""

    async def again() -> Identity | None:
        try:
            now = await who(supervisor.child(before.label))
        except AgentStopped:  # it is just stopping
            return None
        return now if now.incarnation != before.incarnation else None

    found: Identity = await eventually(again)
    return found


async def has_ended(ref: shoal.Ref) -> str:
    """Wait until asks to it fail for certain; return why."""

    async def gone() -> str:
        try:
            await ref.ask(WhichChildren() if isinstance(ref, shoal.SupervisorRef) else Who(), timeout_s=60)
        except DeliveryError as error:
            return error.text
        return ""

    return str(await eventually(gone))


async def test_children_start_in_order_and_stop_in_reverse_order(
    system: shoal.System, fresh: Fresh, stage: shoal.Ref
) -> None:
    supervisor = await system.spawn(Supervisor(child(id, stage) for id in "abc"), name=fresh("sup"))
    assert await stage.ask(Notes(count=3)) == ["start a", "start b", "start c"]
    states = await supervisor.which_children()
    assert [(state.id, state.status, state.ref) for state in states] == [
        (id, "running", shoal.Ref(f"{supervisor.address}/{id}")) for id in "abc"
    ]
    await system.stop(supervisor)
    assert await stage.ask(Notes(count=6)) == [
        "start a", "start b", "start c", "stop c", "stop b", "stop a",
    ]  # fmt: skip
    for id in "abc":
        with pytest.raises(AgentStopped):
            await supervisor.child(id).ask(Who())


async def test_one_for_one_starts_only_the_failed_child_again(
    system: shoal.System, fresh: Fresh, stage: shoal.Ref
) -> None:
    supervisor = await system.spawn(Supervisor(child(id, stage) for id in "ab"), name=fresh("sup"))
    a, b = [await who(supervisor.child(id)) for id in "ab"]
    await supervisor.child("a").tell(End())
    await is_up_again(supervisor, a)
    assert await who(supervisor.child("b")) == b
    state = await supervisor.which_child("a")
    assert state.restarts == 1
    assert state.last_exit is not None
    assert state.last_exit.describe().startswith("a: error: ")
    assert "told to fail" in state.last_exit.text
    await system.stop(supervisor)


@pytest.mark.parametrize(
    ("strategy", "then"),
    [
        ("one_for_all", ["stop c", "stop a", "start a", "start b", "start c"]),
        ("rest_for_one", ["stop c", "start b", "start c"]),
    ],
)
@pytest.mark.slow_on_ray
async def test_those_who_share_a_childs_fate_stop_in_reverse_order_and_start_in_order(
    system: shoal.System, fresh: Fresh, stage: shoal.Ref, strategy: str, then: list[str]
) -> None:
    supervisor = await system.spawn(
        Supervisor((child(id, stage) for id in "abc"), strategy=strategy), name=fresh("sup")
    )
    before = await stage.ask(Notes(count=3))
    await supervisor.child("b").tell(End())
    assert await stage.ask(Notes(count=3 + len(then))) == [*before, *then]

    async def counted() -> bool:
        return [state.restarts for state in await supervisor.which_children()][1:] == [1, 1]

    await eventually(counted)
    await system.stop(supervisor)


@pytest.mark.slow_on_ray
async def test_messages_wait_for_children_that_another_ones_restart_takes_along(
    system: shoal.System, fresh: Fresh
) -> None:
    supervisor = await system.spawn(
        Supervisor([child("a"), child("b")], strategy="one_for_all", intensity=10), name=fresh("sup")
    )
    for _ in range(3):
        b = await who(supervisor.child("b"))
        await supervisor.child("a").tell(End())
        answers = await asyncio.gather(*(who(supervisor.child(id)) for id in "abababab"))
        assert [answer.label for answer in answers] == list("abababab")
        await is_up_again(supervisor, b)
    await system.stop(supervisor)


@pytest.mark.slow_on_ray
@pytest.mark.parametrize(
    ("restart", "again"), [("permanent", True), ("transient", False), ("temporary", False)]
)
async def test_an_orderly_end_restarts_a_permanent_child_only(
    system: shoal.System, fresh: Fresh, restart: str, again: bool
) -> None:
    supervisor = await system.spawn(Supervisor([child("a", restart=restart), child("b")]), name=fresh("sup"))
    a = await who(supervisor.child("a"))
    await supervisor.child("a").tell(End(how="normal"))
    if again:
        await is_up_again(supervisor, a)
    else:
        assert "stopped itself" in await has_ended(supervisor.child("a"))
        then = {"a": "down", "b": "running"} if restart == "transient" else {"b": "running"}

        async def settled() -> bool:
            return {state.id: state.status for state in await supervisor.which_children()} == then

        await eventually(settled)
    await system.stop(supervisor)


async def test_a_supervisor_that_gives_up_stops_its_children_and_askers_get_the_chain_at_once(
    system: shoal.System, fresh: Fresh, stage: shoal.Ref
) -> None:
    supervisor = await system.spawn(
        Supervisor((child(id, stage) for id in "ab"), intensity=0), name=fresh("sup")
    )
    await supervisor.child("a").tell(End())
    for address in ("a", "b"):
        why = await has_ended(supervisor.child(address))
        assert f"{supervisor.address}: shutdown: gave up: 1 restart within 5 s, 0 allowed" in why
        assert "because a: error: " in why
        assert "told to fail" in why
    assert "gave up" in await has_ended(supervisor)
    assert (await stage.ask(Notes(count=3)))[-1] == "stop b"


@pytest.mark.slow_on_ray
async def test_a_parent_starts_a_supervisor_that_gave_up_again_and_gives_up_itself_in_the_end(
    system: shoal.System, fresh: Fresh
) -> None:
    inner = Supervisor([child("leaf")], intensity=0)
    root = await system.spawn(
        Supervisor([ChildSpec(id="inner", agent=inner)], intensity=1, period_s=600), name=fresh("root")
    )
    leaf = shoal.SupervisorRef.of(root.child("inner")).child("leaf")
    assert (await root.which_children())[0].kind == "supervisor"
    first = await who(leaf)
    await leaf.tell(End())

    async def again() -> bool:
        return (await who(leaf)).incarnation != first.incarnation

    await eventually(again)
    await leaf.tell(End())
    why = await has_ended(leaf)
    chain = [
        f"{root.address}: shutdown: gave up: 2 restarts within 600 s, 1 allowed",
        "because inner: shutdown: gave up: 1 restart within 5 s, 0 allowed",
        "because leaf: error: ",
        "told to fail",
    ]
    for line in chain:
        assert line in why, why
    assert "gave up" in await has_ended(root)


async def test_a_child_that_does_not_start_fails_the_supervisors_spawn_and_nothing_stays(
    system: shoal.System, fresh: Fresh, stage: shoal.Ref
) -> None:
    name = fresh("sup")
    bad = Supervisor([child("a", stage), ChildSpec(id="bad", agent=NeverStarts), child("c", stage)])
    with pytest.raises(ShoalError, match=r"(?s)child 'bad' did not start.*because bad: .*it never starts"):
        await system.spawn(bad, name=name)
    assert await stage.ask(Notes(count=2)) == ["start a", "stop a"]
    with pytest.raises(DeliveryError):
        await system.ref(f"{name}/a").ask(Who())
    good = await system.spawn(Supervisor([child("a")]), name=name)
    assert (await who(good.child("a"))).label == "a"
    await system.stop(good)


@pytest.mark.slow_on_ray
async def test_a_child_that_never_starts_again_is_given_up_with_dead_letters_and_errors_at_once(
    system: shoal.System, fresh: Fresh, tmp_path: Path
) -> None:
    once = ChildSpec(id="once", agent=OnlyOnce(str(tmp_path / "mark")))
    supervisor = await system.spawn(
        Supervisor([once, child("b")], intensity=2, period_s=60), name=fresh("sup")
    )
    victim = supervisor.child("once")
    await victim.tell(End())
    waiting = [asyncio.ensure_future(victim.ask(Who(), timeout_s=600)) for _ in range(3)]
    telling = asyncio.ensure_future(victim.tell(Note(text="lost")))
    for asking in waiting:
        with pytest.raises(DeliveryError, match="it starts only once"):
            await asking
    assert "3 restarts within 60 s, 2 allowed" in await has_ended(victim)
    await asyncio.wait({telling})
    error = telling.exception()
    if isinstance(error, DeliveryError):  # in one process it waited at its sender
        assert "it starts only once" in error.text
    else:
        assert any(letter.tag.endswith("Note") for letter in await letters_to(system, victim))


async def test_children_are_added_ended_started_again_and_deleted_at_run_time(
    system: shoal.System, fresh: Fresh
) -> None:
    supervisor = await system.spawn(Supervisor([child("a")]), name=fresh("sup"))
    b = await supervisor.start_child(child("b", restart="transient"))
    assert b == supervisor.child("b")
    first = await who(b)
    await refused("already_started", supervisor.start_child(child("b")))
    await refused("running", supervisor.delete_child("b"))
    await refused("running", supervisor.restart_child("b"))
    await supervisor.terminate_child("b")
    await supervisor.terminate_child("b")
    with pytest.raises(AgentStopped):
        await b.ask(Who())
    await refused("already_present", supervisor.start_child(child("b")))
    counts = await supervisor.count_children()
    assert (counts.specs, counts.active, counts.supervisors, counts.workers) == (2, 1, 0, 2)
    await supervisor.restart_child("b")
    assert (await who(b)).incarnation != first.incarnation
    assert (await supervisor.get_childspec("b")).restart == "transient"
    await supervisor.terminate_child("b")
    await supervisor.delete_child("b")
    for request in (supervisor.terminate_child, supervisor.restart_child, supervisor.get_childspec):
        await refused("not_found", request("b"))
    await refused("start_failed", supervisor.start_child(ChildSpec(id="bad", agent=NeverStarts)))
    assert [state.id for state in await supervisor.which_children()] == ["a"]
    with pytest.raises(ConfigError, match="child 'c': agent"):
        await supervisor.start_child(ChildSpec(id="c", agent=17))
    await system.stop(supervisor)


async def refused(why: str, request: Any) -> None:
    with pytest.raises(RequestRefused) as caught:
        await request
    assert caught.value.refusal == why


@pytest.mark.slow_on_ray
async def test_children_of_a_template_get_their_arguments_and_again_after_a_restart(
    system: shoal.System, fresh: Fresh
) -> None:
    template = ChildSpec(id="worker", agent=Mortal)
    supervisor = await system.spawn(
        Supervisor([template], strategy="simple_one_for_one", intensity=5), name=fresh("sup")
    )
    assert await supervisor.which_children() == ()
    first = await supervisor.start_child(kwargs={"label": "worker-1"})
    named = await supervisor.start_child(kwargs={"label": "mine"}, id="mine")
    assert [first, named] == [supervisor.child("worker-1"), supervisor.child("mine")]
    before = await who(first)
    await first.tell(End())
    assert (await is_up_again(supervisor, before)).label == "worker-1"
    await supervisor.terminate_child("mine")
    assert [state.id for state in await supervisor.which_children()] == ["worker-1"]
    await refused("invalid_spec", supervisor.start_child(child("x")))
    await system.stop(supervisor)


@pytest.mark.slow_on_ray
async def test_a_supervisor_shuts_itself_down_after_its_last_significant_child(
    system: shoal.System, fresh: Fresh
) -> None:
    significant = [child(id, restart="transient", significant=True) for id in "ab"]
    supervisor = await system.spawn(
        Supervisor([*significant, child("c")], auto_shutdown="all_significant"), name=fresh("sup")
    )
    await supervisor.child("a").tell(End(how="normal"))
    await has_ended(supervisor.child("a"))
    assert (await who(supervisor.child("c"))).label == "c"
    await supervisor.child("b").tell(End(how="normal"))
    assert "shut itself down: significant child 'b' ended" in await has_ended(supervisor)
    await has_ended(supervisor.child("c"))


async def test_every_start_exit_and_restart_is_told_with_its_reason(
    system: shoal.System, fresh: Fresh
) -> None:
    supervisor = await system.spawn(Supervisor([child("a")]), name=fresh("sup"))
    a = await who(supervisor.child("a"))
    await supervisor.child("a").tell(End())
    await is_up_again(supervisor, a)
    events = await supervisor.events()
    assert [(event["kind"], event["generation"], event["restarts"]) for event in events] == [
        ("started", 1, 0), ("exited", 1, 0), ("restarting", 1, 1), ("started", 2, 1),
    ]  # fmt: skip
    assert {event["agent"] for event in events} == {f"{supervisor.address}/a"}
    assert {event["supervisor"] for event in events} == {supervisor.address}
    assert events[1]["reason"].startswith("a: error: ")
    await system.stop(supervisor)


async def test_requests_are_answered_while_a_child_waits_for_its_restart(
    system: shoal.System, fresh: Fresh
) -> None:
    patient = shoal.Backoff(initial_s=600, max_s=600)
    supervisor = await system.spawn(Supervisor([child("a"), child("b")], backoff=patient), name=fresh("sup"))
    await supervisor.child("a").tell(End())

    async def waiting() -> bool:
        return (await supervisor.which_child("a")).status == "restarting"

    await eventually(waiting)
    asking = asyncio.ensure_future(supervisor.child("a").ask(Who(), timeout_s=600))
    assert (await supervisor.count_children()).active == 1
    await supervisor.terminate_child("a")
    with pytest.raises(DeliveryError):
        await asking
    await supervisor.restart_child("a")
    assert (await who(supervisor.child("a"))).label == "a"
    await system.stop(supervisor)


@pytest.mark.slow_on_ray
async def test_a_child_that_the_client_stops_is_started_again_when_it_is_permanent(
    system: shoal.System, fresh: Fresh
) -> None:
    supervisor = await system.spawn(Supervisor([child("a")]), name=fresh("sup"))
    a = await who(supervisor.child("a"))
    await system.stop(supervisor.child("a"))
    await is_up_again(supervisor, a)
    await system.stop(supervisor)


@pytest.mark.slow_on_ray
async def test_a_childs_name_that_is_in_use_is_a_failed_start(system: shoal.System, fresh: Fresh) -> None:
    name = fresh("sup")
    other = await system.spawn(Stage(), name=f"{name}/a")
    with pytest.raises(ShoalError, match=f"'{name}/a' is in use"):
        await system.spawn(Supervisor([child("a")]), name=name)
    supervisor = await system.spawn(Supervisor([child("b")]), name=name)
    with pytest.raises(NameTaken):
        await system.spawn(Stage(), name=f"{name}/b")
    assert await other.ask(Notes()) == []
    await system.stop(supervisor)
    await system.stop(other)


@pytest.mark.slow_on_ray
async def test_what_a_supervised_agent_started_outlives_its_restart_and_ends_when_it_is_given_up(
    system: shoal.System, fresh: Fresh
) -> None:
    supervisor = await system.spawn(
        Supervisor([ChildSpec(id="boss", agent=Boss)], period_s=600), name=fresh("sup")
    )
    boss = supervisor.child("boss")
    first = shoal.Ref(f"{boss.address}/mortal-1", boss._sender)
    before = await who(first)
    names = [await boss.ask(Hire()) for _ in range(2)]
    assert [name[0] for name in names] == [first.address] * 2
    assert names[0][1] != names[1][1]
    await boss.tell(End())

    async def restarted() -> bool:
        return (await supervisor.which_child("boss")).restarts == 1

    await eventually(restarted)
    await boss.ask(Hire())
    assert await who(first) == before
    await boss.tell(End())
    await has_ended(boss)
    for address in (first.address, names[0][1]):
        await has_ended(system.ref(address))
