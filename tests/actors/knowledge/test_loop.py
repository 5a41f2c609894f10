"""The control loop on a store in this process: what it does when the board is away, and when it is killed anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

import shoal
from shoal.actors.knowledge.asking import message_id
from shoal.actors.knowledge.keys import agenda_key, ended_key
from shoal.actors.knowledge.loop import ControlLoop
from shoal.actors.knowledge.on_board import on_board
from shoal.actors.knowledge.plan import SourcePlan
from shoal.actors.knowledge.team import knowledge_sources
from shoal.blackboard.activation import Activation
from shoal.blackboard.entry import encode_value
from shoal.blackboard.errors import BoardError, BoardUnavailable
from shoal.blackboard.operations import Compact, Put
from shoal.blackboard.termination import CountReached, Ended, Quiescence, TimeLimit
from shoal.blackboard.version import Cause, Version
from shoal.errors import Cancelled, HandlerError, Quarantined
from tests.blackboard.stand_connection import StandConnection
from tests.blackboard.store.stand import Stand

END = Quiescence() | TimeLimit(10_000)


class Doubler(shoal.Agent):
    concurrency = 3

    @on_board("in/", attempts=2, backoff_s=3.0)
    async def double(self, event: shoal.Event[int]) -> None: ...


class Closer(shoal.Agent):
    @on_board("out/", priority=1)
    async def close(self, event: shoal.Event[int]) -> None: ...


class Killed(BaseException):
    """The process of the controller is no more."""


class Sources:
    """What is asked, as receivers see it: who is asked again under an id answers from memory."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.answered: dict[bytes, Exception | None] = {}
        self.handled: list[tuple[str, str, int]] = []
        self.asked = 0
        self.behave: Callable[[Activation], Awaitable[None]] | None = None

    async def ask(
        self, source: SourcePlan, method: str, version: Version, activation: Activation, nonce: str
    ) -> None:
        self.asked += 1
        id = message_id(nonce, activation)
        if id not in self.answered:
            self.handled.append((activation.source, version.key, version.mod_revision))
            try:
                if self.behave is not None:
                    await self.behave(activation)
                self._write(source, method, version)
            except Exception as exc:
                self.answered[id] = exc
            else:
                self.answered[id] = None
        error = self.answered[id]
        if error is not None:
            raise error

    def _write(self, source: SourcePlan, method: str, version: Version) -> None:
        key = {"double": "out", "close": "closed"}[method] + version.key[version.key.index("/") :]
        assert version.value is not None
        self.stand.do(Put(key, version.value), Cause(source.address))


class Scene:
    """A board, its sources, and the controller's incarnations."""

    def __init__(self, *sources: Any, **options: Any) -> None:
        self.stand = Stand()
        self.board = StandConnection(self.stand)
        self.sources = Sources(self.stand)
        self.plan = knowledge_sources(sources or [Doubler, Closer], **{"until": END, **options}).plan("team")

    def loop(self) -> ControlLoop:
        return ControlLoop(
            self.plan, lambda region: self.board, self.sources.ask, self.board.clock, self.board.sleep
        )

    async def run(self) -> Ended:
        loop = self.loop()
        try:
            await loop.load()
            return await loop.run()
        finally:
            loop.close()

    async def run_whatever_happens(self) -> Ended:
        """Begin again each time it is killed."""
        while True:
            with contextlib.suppress(Killed):
                return await self.run()

    def put(self, key: str, number: int = 1) -> None:
        self.stand.do(Put(key, encode_value(number)))

    def check_all_is_done(self, keys: int) -> None:
        for prefix in ("out/", "closed/"):
            assert self.stand.keys(prefix) == [f"{prefix}{number}" for number in range(keys)]
        assert self.stand.keys(agenda_key("team")) == []


async def test_what_changes_is_carried_out_until_nothing_is_left() -> None:
    scene = Scene()
    scene.put("in/0")
    scene.board.after(10, lambda: scene.put("in/1"))
    ended = await scene.run()
    assert ended.condition == "Quiescence()"
    assert [(source, key) for source, key, _ in scene.sources.handled] == [
        ("doubler", "in/0"), ("closer", "out/0"),
    ]  # fmt: skip
    assert scene.stand.get(ended_key("team")) is not None


def scene_of(fate: Callable[[int, bool], None]) -> Scene:
    scene = Scene(concurrency=2, until=(Quiescence() & CountReached("closed/", 4)) | TimeLimit(10_000))
    for number in range(3):
        scene.put(f"in/{number}")
    scene.board.after(0.5, lambda: scene.put("in/3"))
    scene.board.fate = fate
    return scene


async def test_wherever_the_board_goes_away_everything_is_done_once() -> None:
    """At each request of the whole run, before it is done and after: the answer is lost."""
    calm = scene_of(lambda number, done: None)
    await calm.run()
    requests = calm.board.requests
    assert requests > 40
    for at, done in itertools.product(range(1, requests + 10), (False, True)):

        def away(number: int, is_done: bool, at: int = at, done: bool = done) -> None:
            if (number, is_done) == (at, done):
                raise BoardUnavailable("it is away", certain=not is_done)

        scene = scene_of(away)
        try:
            ended = await scene.run()
        except BoardUnavailable:  # at its very start it is for its supervisor to try again
            assert scene.sources.asked == 0
            ended = await scene.run()
        assert ended.condition == "Quiescence() & CountReached('closed/', 4)", (at, done)
        scene.check_all_is_done(4)
        assert len(scene.sources.handled) == 8, (at, done)


async def test_wherever_the_controller_is_killed_everything_is_done_once() -> None:
    calm = scene_of(lambda number, done: None)
    await calm.run()
    for at, done in itertools.product(range(1, calm.board.requests + 10), (False, True)):

        def kill(number: int, is_done: bool, at: int = at, done: bool = done) -> None:
            if (number, is_done) == (at, done):
                raise Killed

        scene = scene_of(kill)
        ended = await scene.run_whatever_happens()
        assert ended.condition == "Quiescence() & CountReached('closed/', 4)", (at, done)
        scene.check_all_is_done(4)
        assert len(scene.sources.handled) == 8, (at, done)


async def test_a_controller_that_is_killed_again_and_again_comes_to_the_end() -> None:
    for step in range(11, 20):

        def kill(number: int, done: bool, step: int = step) -> None:
            if number % step == 0 and done:
                raise Killed

        scene = scene_of(kill)
        await scene.run_whatever_happens()
        scene.check_all_is_done(4)
        assert len(scene.sources.handled) == 8


@pytest.mark.parametrize("agenda", [1, 3, 10, 1000])
async def test_the_agenda_is_bounded_and_nothing_that_has_no_room_is_lost(agenda: int) -> None:
    scene = Scene(Doubler, agenda=agenda, until=CountReached("out/", 70) | TimeLimit(10_000))
    for number in range(30):
        scene.put(f"in/{number}")
    for number in range(30, 70):
        scene.board.after(1, partial(scene.put, f"in/{number}"))
    most = 0

    async def count(activation: Activation) -> None:
        nonlocal most
        most = max(most, len(scene.stand.keys(agenda_key("team"))))
        if len(scene.sources.handled) % 20 == 0:
            raise Killed

    scene.sources.behave = count
    ended = await scene.run_whatever_happens()
    assert ended.condition == "CountReached('out/', 70)"
    assert len(scene.stand.keys("out/")) == 70
    assert most <= agenda


async def test_of_many_entries_at_the_start_all_are_kept_in_several_transactions() -> None:
    scene = Scene(Doubler, agenda=100_000, until=CountReached("out/", 1) | TimeLimit(100))
    for number in range(12_000):
        scene.put(f"in/{number}")
    writes = []
    scene.board.fate = lambda number, done: writes.append(scene.stand.store.revision)
    ended = await scene.run()
    assert ended.condition == "CountReached('out/', 1)"
    assert len(scene.stand.keys("out/")) == 1
    assert scene.stand.keys(agenda_key("team")) == []


async def test_a_change_that_came_again_meanwhile_is_not_carried_out() -> None:
    scene = Scene(Doubler)
    scene.put("in/0", 1)
    calls = itertools.count()

    def change(number: int, done: bool) -> None:
        # Just before the first activation looks its change up.
        if not done and scene.stand.keys(agenda_key("team")) and next(calls) == 0:
            scene.put("in/0", 2)

    scene.board.fate = change
    await scene.run()
    assert [revision for _, _, revision in scene.sources.handled] == [max(
        version.mod_revision for version in scene.stand.store.changes(1, "in/")
    )]  # fmt: skip


async def test_who_fell_behind_reads_what_is_there_and_goes_on() -> None:
    scene = Scene(Doubler, until=CountReached("out/", 20) | TimeLimit(10_000))
    scene.put("in/0")

    def much() -> None:
        for number in range(20):
            scene.put(f"in/{number}")
        scene.stand.do(Compact(scene.stand.store.revision))

    scene.board.after(1, much)
    ended = await scene.run()
    assert ended.condition == "CountReached('out/', 20)"
    assert len(scene.stand.keys("out/")) == 20


async def test_of_two_controllers_of_one_team_one_gives_in() -> None:
    scene = Scene(Doubler)
    one, other = scene.loop(), scene.loop()
    await one.load()
    await other.load()
    scene.put("in/0")
    await other.run()
    with pytest.raises(BoardError, match="another controller of team 'team' is at work"):
        await one.run()
    one.close()


async def test_a_failed_attempt_is_asked_again_under_another_id_and_one_that_was_cut_off_too() -> None:
    scene = Scene(Doubler)
    scene.put("in/0")
    errors: list[Exception] = [
        Cancelled("taken back"), HandlerError("broken", type="ValueError"), Cancelled("taken back"),
    ]  # fmt: skip

    async def fail(activation: Activation) -> None:
        if errors:
            raise errors.pop(0)

    scene.sources.behave = fail
    ended = await scene.run()
    assert ended.condition == "Quiescence()"
    assert (scene.sources.asked, len(scene.sources.answered)) == (4, 4)
    assert scene.stand.keys("out/") == ["out/0"]


async def test_what_keeps_killing_its_source_is_not_tried_again() -> None:
    scene = Scene(Doubler)
    scene.put("in/0")

    async def die(activation: Activation) -> None:
        raise Quarantined("its process died 10 times")

    scene.sources.behave = die
    await scene.run()
    assert scene.sources.asked == 1
    assert len(scene.stand.keys("control/team/dropped/")) == 1


async def test_a_limit_of_time_ends_it_in_the_middle_of_an_activation() -> None:
    scene = Scene(Doubler, until=TimeLimit(60))
    scene.put("in/0")
    cut = asyncio.Event()

    async def hang(activation: Activation) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()

    scene.sources.behave = hang
    ended = await scene.run()
    assert (ended.condition, ended.after_s) == ("TimeLimit(60)", 60.0)
    await cut.wait()


async def test_a_team_that_has_ended_stays_so() -> None:
    scene = Scene(Doubler)
    scene.put("in/0")
    ended = await scene.run()
    scene.put("in/1")
    assert await scene.run() == ended
    assert scene.stand.keys("out/") == ["out/0"]


async def test_a_change_at_the_last_moment_keeps_a_team_from_being_quiescent() -> None:
    scene = Scene(Doubler)
    scene.put("in/0")
    scene.board.before_status = [partial(scene.put, "in/1"), partial(scene.put, "in/2")]
    await scene.run()
    assert scene.stand.keys("out/") == ["out/0", "out/1", "out/2"]


async def test_while_the_board_is_away_activations_go_on_and_no_more_than_may_are_begun() -> None:
    for failing in range(1, 12):
        scene = Scene(Doubler, Closer)
        gate, busy, most = asyncio.Event(), 0, 0

        async def work(
            activation: Activation, scene: Scene = scene, gate: asyncio.Event = gate, failing: int = failing
        ) -> None:
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            if scene.sources.asked == 1:
                scene.board.failing = [BoardUnavailable("it is away")] * failing
                scene.board.after(0.5, partial(scene.put, "out/x"))
                scene.board.after(60, gate.set)
                await gate.wait()
            busy -= 1

        scene.sources.behave = work
        scene.put("in/0")
        ended = await scene.run()
        assert ended.condition == "Quiescence()"
        assert scene.stand.keys("closed/") == ["closed/0", "closed/x"]
        assert (most, scene.sources.asked) == (1, 3)


async def test_what_is_carried_out_though_the_board_does_not_know_of_it_is_not_begun_beside_itself() -> None:
    scene = Scene(Doubler)
    gate = asyncio.Event()

    async def work(activation: Activation) -> None:
        scene.board.failing = [BoardUnavailable("it is away")]
        scene.board.after(60, gate.set)
        await gate.wait()

    def away(number: int, done: bool) -> None:
        # The first write of the agenda, with which the activation would have been kept.
        known = scene.stand.keys(agenda_key("team"))
        if done and known and not scene.sources.asked and scene.board.requests < 100:
            scene.stand.undo(scene.stand.store.revision - 1)
            raise BoardUnavailable("it was not written")

    scene.sources.behave = work
    scene.board.after(1, lambda: scene.put("in/0"))
    scene.board.fate = away
    await scene.run()
    assert scene.sources.asked == 1
    assert scene.stand.keys("out/") == ["out/0"]
