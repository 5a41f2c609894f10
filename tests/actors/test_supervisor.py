"""Supervisors before they start: everything that cannot work is refused, with what and why."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import Any

import pytest

import shoal
from shoal import ChildSpec, Supervisor, SupervisorRef
from shoal.actors.supervisor_messages import ChildState, SupervisorAnswer, WhichChildren
from shoal.errors import ConfigError, RequestRefused
from shoal.runtime.supervision import ChildKind, Exit, ExitKind, Status


class Idle(shoal.Agent):
    async def on_text(self, text: str) -> str:
        return text


class Deaf(shoal.Agent):
    pass


def spec(id: str = "a", **options: Any) -> ChildSpec:
    return ChildSpec(id=id, agent=Idle, **options)


@pytest.mark.parametrize(
    ("children", "options", "why"),
    [
        ([spec(), spec()], {}, "two have the id 'a'"),
        (["a"], {}, "'a' is no ChildSpec"),
        ([spec(id="no spaces")], {}, "'no spaces' cannot name"),
        ([ChildSpec(id="a", agent=Deaf())], {}, "child 'a': agent: Deaf handles nothing"),
        ([ChildSpec(id="a", agent=17)], {}, "child 'a': agent: 17 cannot be spawned"),
        (
            [ChildSpec(id="a", agent=Idle())],
            {"strategy": "simple_one_for_one"},
            "a template is a class or a factory",
        ),
        ([], {"strategy": "simple_one_for_one"}, "give exactly one"),
        ([], {"strategy": "one_for_some"}, "strategy"),
        ([], {"intensity": -1}, "intensity"),
        ([], {"period_s": 0}, "period_s"),
        ([spec(restart="transient", significant=True)], {}, "auto_shutdown"),
        ([], {"auto_shutdown": "sometimes"}, "auto_shutdown"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_starts(
    children: Any, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        Supervisor(children, **options)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"restart": "always"}, "restart"),
        ({"shutdown": -1}, "shutdown"),
        ({"significant": True}, "significant"),
        ({"typo": 1}, "typo"),
    ],
)
def test_a_childs_spec_names_what_is_wrong_with_it(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=f"child 'a'.*{why}"):
        spec(**options)


def test_a_supervisor_as_a_child_is_one_of_that_kind_with_time_to_stop_its_own() -> None:
    inner = ChildSpec(id="inner", agent=Supervisor([spec()]))
    (child,) = Supervisor([inner]).spec.children
    assert child.kind is ChildKind.SUPERVISOR
    assert child.shutdown == "infinity"
    (chosen,) = Supervisor([ChildSpec(id="inner", agent=Supervisor(), shutdown=3.0)]).spec.children
    assert (chosen.kind, chosen.shutdown) == (ChildKind.SUPERVISOR, 3.0)


def test_its_copy_shares_the_specs_and_its_agents_are_copied_when_they_start() -> None:
    class Locked(Idle):
        def __deepcopy__(self, memo: Any) -> Any:
            raise AssertionError("not now")

    supervisor = Supervisor([ChildSpec(id="a", agent=Locked())])
    assert copy.deepcopy(supervisor).spec is supervisor.spec


def test_a_refs_class_survives_pickling_and_it_knows_its_childrens_addresses() -> None:
    ref = pickle.loads(pickle.dumps(SupervisorRef("sup@crowd")))
    assert type(ref) is SupervisorRef
    assert ref == shoal.Ref("sup@crowd")
    assert ref.child("a") == shoal.Ref("sup/a")
    assert SupervisorRef.of(shoal.Ref("x")).address == "x"


def test_an_answer_that_is_a_refusal_raises_it() -> None:
    refusal = SupervisorAnswer(refusal="not_found", text="no child 'a'")
    with pytest.raises(RequestRefused, match="no child 'a'") as caught:
        refusal.check()
    assert caught.value.refusal == "not_found"
    assert pickle.loads(pickle.dumps(caught.value)).refusal == "not_found"


def test_a_childs_state_travels_with_the_chain_of_causes() -> None:
    cause = Exit(kind=ExitKind.KILLED, text="pid 7", who="leaf")
    state = ChildState(
        id="a", status=Status.DOWN, kind=ChildKind.WORKER, ref=None, restarts=2,
        last_exit=Exit(kind=ExitKind.SHUTDOWN, text="gave up", who="inner", cause=cause),
    )  # fmt: skip
    answer = SupervisorAnswer(children=(state,))
    assert SupervisorAnswer.model_validate(answer.model_dump(mode="json")) == answer


async def test_an_order_to_an_agent_that_is_no_supervisor_is_refused() -> None:
    async with shoal.start("local") as system:
        idle = await system.spawn(Idle(), name="idle")
        with pytest.raises(ConfigError, match="idle is no supervisor"):
            await SupervisorRef.of(idle).start_child(spec())
        with pytest.raises(shoal.errors.AgentNotFound):
            await SupervisorRef.of(system.ref("nobody")).start_child(spec())


async def test_whoever_subscribed_hears_of_every_event() -> None:
    heard: list[dict[str, Any]] = []
    async with shoal.start("local") as system:
        supervisor = await system.spawn(Supervisor([spec()], on_report=heard.append), name="sup")
        assert await supervisor.ask(WhichChildren())
        await supervisor.terminate_child("a")
    assert [event["kind"] for event in heard] == ["started", "stopped"]
    assert set(heard[0]) == {"kind", "agent", "supervisor", "generation", "reason", "restarts", "at"}


async def test_children_are_stopped_with_a_local_system_each_by_its_supervisor() -> None:
    stopped: list[str] = []

    class Noted(Idle):
        def __init__(self, name: str) -> None:
            self.name = name

        def __deepcopy__(self, memo: Any) -> Any:
            return type(self)(self.name)

        async def on_stop(self, ctx: shoal.Context, reason: str) -> None:
            stopped.append(self.name)

    async with shoal.start("local") as system:
        inner = Supervisor(ChildSpec(id=id, agent=Noted(id)) for id in "ab")
        await system.spawn(
            Supervisor([ChildSpec(id="inner", agent=inner), ChildSpec(id="c", agent=Noted("c"))]), name="root"
        )
    assert stopped == ["c", "b", "a"]


async def until_it_fails(ref: shoal.Ref) -> None:
    """Killed children go in the background."""
    while True:
        await ref.ask("there?")


async def test_a_local_supervisor_that_is_killed_takes_its_children_with_it() -> None:
    async with shoal.start("local") as system:
        supervisor = await system.spawn(Supervisor([spec("a"), spec("b")]), name="sup")
        await system.stop(supervisor, kill=True)
        for id in "ab":
            with pytest.raises(shoal.errors.AgentStopped):
                await until_it_fails(supervisor.child(id))


async def test_who_waits_for_failures_hears_of_one_with_its_causes_or_that_the_system_has_ended() -> None:
    class Failing(Idle):
        on_error = "escalate"

        async def on_number(self, number: int) -> None:
            raise ValueError("no numbers")

    async with shoal.start("local") as system:
        supervisor = await system.spawn(
            Supervisor([ChildSpec(id="a", agent=Failing)], intensity=0), name="sup"
        )
        await supervisor.child("a").tell(1)
        exit = await system.wait_failed()
        assert [link.who for link in exit.chain()] == ["sup", "a"]
        assert "no numbers" in exit.describe()
    second = await shoal.start("local")
    waiting = asyncio.ensure_future(second.wait_failed())
    await asyncio.sleep(0)
    await second.shutdown()
    with pytest.raises(shoal.errors.SystemClosed):
        await waiting


async def test_an_agent_can_have_a_supervisor_as_its_child() -> None:
    class Manager(shoal.Agent):
        async def on_start(self, ctx: shoal.Context) -> None:
            self.crew: SupervisorRef = await ctx.spawn(Supervisor([spec()]), name="crew")  # type: ignore[assignment]

        async def on_text(self, text: str) -> int:
            await self.crew.start_child(spec(text))
            return len(await self.crew.which_children())

    async with shoal.start("local") as system:
        manager = await system.spawn(Manager(), name="manager")
        assert await manager.ask("b") == 2
        await system.stop(manager)
        with pytest.raises(shoal.errors.AgentStopped):
            await system.ref("crew/a").ask("there?")
