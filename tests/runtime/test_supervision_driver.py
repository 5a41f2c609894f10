"""The driver: effects are done, answers come back as events, and whoever waits is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shoal.runtime.errors import ShoalError, SpawnError
from shoal.runtime.supervision import (
    Backoff,
    Begin,
    ChildSpec,
    DeleteChild,
    Ended,
    EndReason,
    Exit,
    Exited,
    ExitKind,
    Report,
    Restart,
    RestartChild,
    Supervision,
    SupervisorSpec,
    TerminateChild,
    WhichChildren,
)
from shoal.runtime.supervision.specs import Shutdown
from shoal.runtime.supervision_driver import RequestRefused, SupervisionDriver

FAILED = Exit(kind=ExitKind.ERROR, text="failed")


class World:
    """Children that start and stop at once, or as a test says."""

    def __init__(self, *children: ChildSpec, **options: Any) -> None:
        self.log: list[str] = []
        self.living: dict[str, int] = {}
        self.failing: dict[str, Exception] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.down: list[str] = []
        self.reports: list[Report] = []
        self.ended: list[Ended] = []
        spec = SupervisorSpec(children=children, **options)
        self.driver = SupervisionDriver(
            Supervision(spec), self, self.reports.append, self.ended.append, self.down.append
        )

    async def start(self, id: str, token: int, spec: ChildSpec, extra: Any) -> str:
        self.log.append(f"start {id}")
        if id in self.gates:
            await self.gates[id].wait()
        if id in self.failing:
            raise self.failing[id]
        self.living[id] = token
        return f"sup/{id}"

    async def stop(self, id: str, token: int, how: Shutdown, *, again: bool) -> Exit | None:
        self.log.append(f"stop {id}" + " for now" * again)
        self.living.pop(id, None)
        if f"stop {id}" in self.failing:
            raise self.failing[f"stop {id}"]
        return None

    def exits(self, id: str, exit: Exit = FAILED) -> None:
        self.driver.feed(Exited(id, self.living.pop(id), exit))


def child(id: str, **options: Any) -> ChildSpec:
    return ChildSpec(id=id, agent=None, **options)


async def turns() -> None:
    """Let everything that can go on without time passing do so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_children_are_up_when_it_has_begun_and_stop_in_reverse_order() -> None:
    world = World(child("a"), child("b"))
    await world.driver.begin(Begin())
    ended = await world.driver.shut_down()
    assert world.log == ["start a", "start b", "stop b", "stop a"]
    assert ended.reason is EndReason.ASKED
    assert world.ended == [ended]
    assert await world.driver.shut_down() == ended


async def test_a_child_that_does_not_start_fails_the_beginning_with_its_reason() -> None:
    world = World(child("a"), child("b"))
    world.failing["b"] = SpawnError("no room for it")
    with pytest.raises(
        ShoalError, match=r"(?s)child 'b' did not start.*because b: start_failed: no room for it"
    ):
        await world.driver.begin(Begin())
    assert world.living == {}


async def test_any_exception_of_a_start_is_a_failed_start() -> None:
    world = World(child("a"))
    world.failing["a"] = ValueError("a fault of ours")
    with pytest.raises(ShoalError, match="ValueError: a fault of ours"):
        await world.driver.begin(Begin())


async def test_an_exit_is_answered_by_a_restart_and_reported() -> None:
    world = World(child("a"))
    await world.driver.begin(Begin())
    world.exits("a")
    await turns()
    assert world.log == ["start a", "start a"]
    assert [report.kind for report in world.reports] == ["started", "exited", "restarting", "started"]
    assert world.down == []


async def test_a_pause_before_a_restart_is_a_timer() -> None:
    world = World(child("a"), backoff=Backoff(initial_s=0.001, jitter=0))
    await world.driver.begin(Begin())
    world.exits("a")
    async with asyncio.timeout(60):
        while "a" not in world.living:  # noqa: ASYNC110 - a millisecond
            await asyncio.sleep(0.001)


async def test_it_tells_of_children_that_do_not_come_again() -> None:
    world = World(child("a", restart=Restart.TEMPORARY), child("b"), child("c"), intensity=5)
    await world.driver.begin(Begin())
    world.exits("a")
    assert world.down == ["a"]
    await world.driver.ask(lambda mark: TerminateChild(mark, "b"))
    world.exits("c")
    await turns()
    assert world.down == ["a", "b"]
    await world.driver.ask(lambda mark: DeleteChild(mark, "b"))
    assert world.down == ["a", "b", "b"]


async def test_of_children_that_go_down_for_another_one_it_tells_nothing() -> None:
    world = World(child("a"), child("b"), strategy="one_for_all")
    await world.driver.begin(Begin())
    world.exits("a")
    await turns()
    assert world.log[2:] == ["stop b for now", "start a", "start b"]
    assert world.down == []


async def test_what_becomes_of_the_children_of_one_that_ends_is_for_others_to_say() -> None:
    world = World(child("a"), child("b"), intensity=0)
    await world.driver.begin(Begin())
    world.exits("a")
    ended = await world.driver.over
    assert ended.reason is EndReason.GAVE_UP
    assert world.living == {}
    assert world.down == []


async def test_a_refused_request_is_an_error_that_says_why_in_a_word() -> None:
    world = World(child("a"))
    await world.driver.begin(Begin())
    with pytest.raises(RequestRefused) as caught:
        await world.driver.ask(lambda mark: RestartChild(mark, "a"))
    assert caught.value.refusal == "running"
    world.failing["a"] = SpawnError("no room for it")
    await world.driver.ask(lambda mark: TerminateChild(mark, "a"))
    with pytest.raises(RequestRefused, match="no room for it") as caught:
        await world.driver.ask(lambda mark: RestartChild(mark, "a"))
    assert caught.value.refusal == "start_failed"


async def test_it_answers_while_a_start_is_under_way() -> None:
    world = World(child("a"), child("b"), intensity=5)
    await world.driver.begin(Begin())
    gate = world.gates["a"] = asyncio.Event()
    world.exits("a")
    await turns()
    infos = await world.driver.ask(WhichChildren)
    assert [info.status for info in infos] == ["restarting", "running"]
    terminating = asyncio.ensure_future(world.driver.ask(lambda mark: TerminateChild(mark, "b")))
    await terminating
    gate.set()
    await turns()
    assert set(world.living) == {"a"}


async def test_a_stop_that_fails_is_an_unclean_stop() -> None:
    world = World(child("a"))
    await world.driver.begin(Begin())
    world.failing["stop a"] = RuntimeError("no way")
    await world.driver.ask(lambda mark: TerminateChild(mark, "a"))
    assert world.reports[-1].kind == "stop_unclean"
    assert world.reports[-1].exit is not None
    assert "no way" in world.reports[-1].exit.text


async def test_abandoned_it_does_nothing_more() -> None:
    world = World(child("a"), backoff=Backoff(initial_s=0.001, jitter=0))
    await world.driver.begin(Begin())
    world.exits("a")
    world.driver.abandon()
    await asyncio.sleep(0.01)
    assert world.log == ["start a"]
