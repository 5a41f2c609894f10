"""The decisions of a controller, fed by hand: pure, with the time as an argument."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import shoal
from shoal.actors.knowledge.control import Control
from shoal.actors.knowledge.keys import agenda_key, dropped_key
from shoal.actors.knowledge.on_board import on_board
from shoal.actors.knowledge.plan import Plan, Position
from shoal.actors.knowledge.team import knowledge_sources
from shoal.blackboard.activation import Activation
from shoal.blackboard.agenda import Rating
from shoal.blackboard.entry import decode_value
from shoal.blackboard.operations import Delete, Put
from shoal.blackboard.termination import CountReached, NoImprovement, Quiescence, TimeLimit
from shoal.blackboard.version import Version
from shoal.errors import ConfigError
from tests.actors.knowledge.sources import Critic, Hypothesis, deletion_of, version_of
from tests.blackboard.termination.test_conditions import BUSY, QUIET

START = Position(nonce="n", began_at=100.0, cursors={"main": 0})


class Slow(shoal.Agent):
    """Takes all that is under h/, whatever it is; dear and unimportant."""

    @on_board("h/", cost=10.0)
    async def ponder(self, event: Any) -> None: ...


class Quick(shoal.Agent):
    concurrency = 2

    @on_board("h/", priority=1, attempts=2, backoff_s=4.0, max_activations=5)
    async def glance(self, event: Any) -> None: ...


class Eager(shoal.Agent):
    concurrency = 2

    @on_board("h/", attempts=2, backoff_s=4.0)
    async def glance(self, event: Any) -> None: ...


def plan(*sources: Any, **options: Any) -> Plan:
    return knowledge_sources(sources or [Slow, Quick], **options).plan("team")


def control(*sources: Any, position: Position = START, **options: Any) -> Control:
    return Control(plan(*sources, **options), position)


def see(one: Control, *keys: str, revision: int = 1, now: float = 100.0) -> None:
    for number, key in enumerate(keys):
        one.see("main", version_of(key, 1, revision + number), now)
        one.passed("main", revision + number)


def begun(one: Control, now: float = 100.0) -> list[str]:
    """Begin all that can be begun; who and what."""
    found = []
    while (activation := one.next(now)) is not None:
        found.append(f"{activation.source} {activation.key}")
    return found


def running(one: Control) -> str:
    (id,) = one.agenda.running
    return id


# -- what is woken -----------------------------------------------------------------------------------------


def test_a_change_wakes_each_source_that_it_concerns() -> None:
    one = control()
    see(one, "h/1", "g/1")
    assert sorted(activation.source for activation in one.agenda.waiting.values()) == ["quick", "slow"]
    assert one.cursors == {"main": 2}


def test_a_later_change_that_wakes_nobody_withdraws_what_waits_because_of_the_earlier() -> None:
    one = control(Critic)
    one.see("main", version_of("hypothesis/1", Hypothesis(score=0.1), 1), 100.0)
    assert len(one.agenda.waiting) == 1
    one.see("main", version_of("hypothesis/1", Hypothesis(score=0.9), 2), 100.0)
    assert one.agenda.idle
    one.see("main", version_of("hypothesis/1", Hypothesis(score=0.1), 3), 100.0)
    one.see("main", deletion_of("hypothesis/1", 4), 100.0)
    assert one.agenda.idle
    assert one.usage.sources["critic"].superseded == 2


def test_a_predicate_that_raises_is_counted_and_logged_and_harms_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(shoal.Agent):
        @on_board("h/", when=lambda event: event.value["missing"])
        async def look(self, event: Any) -> None: ...

    one = control(Broken, Quick)
    with caplog.at_level(logging.WARNING, "shoal.knowledge"):
        for revision in range(1, 101):
            see(one, f"h/{revision}", revision=revision)
    assert len(one.agenda.waiting) == 100
    assert one.usage.sources["broken"].predicate_errors == 100
    assert len(caplog.records) == 7
    assert "broken.look: `when` or `priority` raised on 'h/1' at revision 1" in caplog.messages[0]
    assert "(64 so far): TypeError" in caplog.messages[-1]


def test_only_what_is_new_wakes_sources_when_a_region_is_read_again() -> None:
    one = control(Quick, concurrency=2)
    see(one, "h/1", "h/2")
    begun(one)
    for id in list(one.agenda.running):
        one.done(id)
    one.again("main")
    for version in (version_of("h/1", 1, 1), version_of("h/2", 1, 2), version_of("h/3", 1, 9)):
        if one.found("main", version):
            one.wake("main", version, 100.0)
    assert [activation.key for activation in one.agenda.waiting.values()] == ["h/3"]


# -- what goes next ----------------------------------------------------------------------------------------


def test_one_goes_at_a_time_unless_more_may() -> None:
    one = control()
    see(one, "h/1", "h/2")
    assert begun(one) == ["quick h/1"]
    one.done(running(one))
    assert begun(one) == ["quick h/2"]
    one.done(running(one))
    assert begun(one) == ["slow h/1"]


def test_several_may_go_at_once_but_of_no_source_more_than_it_takes() -> None:
    one = control(concurrency=10)
    see(one, "h/1", "h/2", "h/3")
    assert begun(one) == ["quick h/1", "quick h/2", "slow h/1"]


def test_one_that_costs_more_than_what_is_left_is_not_begun() -> None:
    one = control(Slow, Quick, budget=11.5, concurrency=10)
    see(one, "h/1", "h/2")
    assert begun(one) == ["quick h/1", "quick h/2"]
    for id in list(one.agenda.running):
        one.done(id)
    assert begun(one) == []
    assert one.verdict((), 100.0) is not None
    other = control(Slow, Quick, budget=12, concurrency=10)
    see(other, "h/1", "h/2")
    assert begun(other) == ["quick h/1", "quick h/2", "slow h/1"]
    assert other.verdict((), 100.0) is None


def test_a_choice_of_ones_own_decides() -> None:
    def newest(ready: Sequence[Activation], statistics: Any, now: float) -> Activation:
        return max(ready, key=lambda activation: activation.revision)

    one = control(Slow, choose=newest)
    see(one, "h/1", "h/2", "h/3")
    assert begun(one) == ["slow h/3"]


@pytest.mark.parametrize(
    "choose", [lambda *_: 1 / 0, lambda *_: "h/1", lambda ready, *_: ready[0].model_copy()]
)
def test_a_choice_that_is_none_falls_back_to_the_default(
    choose: Any, caplog: pytest.LogCaptureFixture
) -> None:
    one = control(choose=choose)
    see(one, "h/1")
    assert begun(one) == ["quick h/1"]
    assert "choose: it raised, and the default is used" in caplog.text


def test_a_choice_may_wait() -> None:
    def patient(ready: Any, statistics: Any, now: float) -> Activation | None:
        return Rating()(ready, statistics, now) if now >= 105.0 else None

    one = control(Slow, choose=patient)
    see(one, "h/1")
    assert begun(one, 104.0) == []
    assert begun(one, 105.0) == ["slow h/1"]


# -- the loop guard ----------------------------------------------------------------------------------------


def test_a_source_that_wakes_itself_endlessly_comes_to_its_end_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    one = control(Slow, Quick)
    see(one, "h/1")
    revision = 2
    counts: dict[str, int] = {}
    for _ in range(40):
        activation = one.next(100.0)
        if activation is None:
            break
        counts[activation.source] = counts.get(activation.source, 0) + 1
        see(one, activation.key, revision=revision)  # it writes what it was woken by
        revision += 1
        one.done(activation.id)
    assert counts == {"quick": 5, "slow": 35}
    assert {activation.source for activation in one.agenda.waiting.values()} == {"slow"}
    assert one.usage.sources["quick"].ignored >= 34
    assert caplog.text.count("quick.glance was begun 5 times, its max_activations") == 1


def test_a_team_begins_no_more_than_its_limit_and_says_so() -> None:
    one = control(Slow, max_activations=3)
    see(one, "h/1", "h/2", "h/3", "h/4")
    for _ in range(3):
        assert len(begun(one)) == 1
        assert one.verdict((), 100.0) is None
        one.done(running(one))
    assert begun(one) == []
    verdict = one.verdict((), 100.0)
    assert verdict is not None
    assert verdict == ("max_activations=3", "3 activations were begun, no more may be; 1 wait")


def test_a_team_at_its_limit_with_nothing_left_to_do_is_not_cut_off() -> None:
    one = control(Slow, max_activations=1)
    see(one, "h/1")
    begun(one)
    one.done(running(one))
    assert one.verdict((), 100.0) is None


# -- failures ----------------------------------------------------------------------------------------------


def test_a_failed_activation_is_tried_again_and_then_noted_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    one = control(Quick)
    see(one, "h/1")
    begun(one)
    one.failed(running(one), "ValueError: first", 100.0)
    assert begun(one, 103.9) == []
    assert one.due(103.9) == 104.0
    assert begun(one, 104.0) == ["quick h/1"]
    one.failed(running(one), "ValueError: second", 104.0)
    assert one.agenda.idle
    figures = one.usage.sources["quick"]
    assert (figures.begun, figures.failed, figures.dropped) == (2, 2, 1)
    (note,) = [step for step in one.steps() if isinstance(step, Put)]
    assert note.key.startswith(dropped_key("team", ""))
    dropped: Activation = decode_value(note.value, Activation)
    assert dropped.errors == ("ValueError: first", "ValueError: second")
    assert (
        "quick.glance is given up on 'h/1' at revision 1 after 2 attempts: ValueError: second" in caplog.text
    )


# -- the end -----------------------------------------------------------------------------------------------


def test_a_team_is_quiescent_only_when_nothing_waits_runs_or_is_unseen() -> None:
    one = control(Quick, until=Quiescence())
    see(one, "h/1")
    assert one.verdict((QUIET,), 100.0) is None
    begun(one)
    assert one.verdict((QUIET,), 100.0) is None
    one.done(running(one))
    assert one.verdict((BUSY,), 100.0) is None
    assert one.verdict((QUIET,), 100.0, all_seen=False) is None
    assert one.verdict((QUIET,), 100.0) is not None


def test_conditions_see_the_teams_region_but_not_the_agendas_on_it() -> None:
    one = control(Quick, until=CountReached("", 2))
    see(one, "h/1", "control/team/agenda/1", "control/other/position")
    one.see("main", deletion_of("h/1", 4), 100.0)
    assert one.check is not None
    assert one.check.save() == 0


def test_a_limit_of_time_counts_from_the_teams_beginning_whoever_restarts() -> None:
    one = control(Quick, until=TimeLimit(60))
    assert one.due(150.0) == 160.0
    later = Control(one.plan, one.position())
    assert later.verdict((), 159.0) is None
    assert later.verdict((), 160.0) is not None


# -- what is kept ------------------------------------------------------------------------------------------


class Board:
    """What a controller's writes leave on a board."""

    def __init__(self) -> None:
        self.entries: dict[str, Activation] = {}
        self.position = START
        self.writes = 0

    def save(self, one: Control) -> None:
        if not one.worth_saving:
            return
        self.writes += 1
        for step in one.steps():
            if isinstance(step, Delete):
                assert step.key in self.entries, "nothing is deleted that is not there"
                del self.entries[step.key]
            elif isinstance(step, Put) and step.key.startswith(agenda_key("team")):
                self.entries[step.key] = decode_value(step.value, Activation)
        self.position = one.position()
        one.saved(self.position)

    def load(self, of: Plan) -> Control:
        return Control(of, self.position, [self.entries[key] for key in sorted(self.entries)])


def test_the_agenda_is_kept_as_it_changes_and_taken_up_again() -> None:
    one, board = control(until=NoImprovement("h/", "", revisions=50)), Board()
    one.read("main")
    see(one, "h/1", "h/2")
    board.save(one)
    assert len(board.entries) == 4
    begun(one)
    id = running(one)
    one.done(id)
    board.save(one)
    assert len(board.entries) == 3
    other = board.load(one.plan)
    assert other.agenda.waiting == one.agenda.waiting
    assert other.position() == one.position()
    assert other.check is not None
    assert one.check is not None
    assert other.check.save() == one.check.save()
    assert other.reading == set()


def test_what_ran_when_the_controller_died_is_begun_again_as_the_same_try() -> None:
    one, board = control(Quick), Board()
    see(one, "h/1")
    board.save(one)
    first = one.next(100.0)
    other = board.load(one.plan)
    assert other.next(100.0) == first


def test_a_change_that_was_not_kept_makes_the_same_activation_again() -> None:
    one, board = control(Quick), Board()
    board.save(one)
    see(one, "h/1")
    first = one.next(100.0)
    other = board.load(one.plan)
    see(other, "h/1")
    assert other.next(100.0) == first


def test_changes_that_wake_nobody_are_kept_only_now_and_then() -> None:
    one, board = control(Quick), Board()
    for revision in range(1, 3001):
        see(one, "g/1", revision=revision)
        board.save(one)
    assert board.writes == 3
    assert board.position.cursors == {"main": 3000}


def test_what_waits_for_a_source_that_is_no_more_is_given_up() -> None:
    one, board = control(Slow, Quick), Board()
    see(one, "h/1")
    board.save(one)
    other = board.load(plan(Quick))
    board.save(other)
    assert [activation.source for activation in board.entries.values()] == ["quick"]


def test_a_team_with_another_condition_than_before_has_to_read_what_is_there() -> None:
    one, board = control(Quick, until=CountReached("h/", 5)), Board()
    one.read("main")
    see(one, "h/1")
    board.save(one)
    assert board.load(one.plan).reading == set()
    assert board.load(plan(Quick, until=CountReached("h/", 6))).reading == {"main"}
    assert board.load(plan(Quick)).reading == set()


def test_who_dies_while_a_region_is_read_leaves_that_to_the_next_one() -> None:
    one, board = control(Quick, position=START.model_copy(update={"cursors": {}})), Board()
    assert one.reading == {"main"}
    one.again("main")
    one.wake("main", version_of("h/1", 1, 1), 100.0)
    one.passed("main", 1)
    board.save(one)
    other = board.load(one.plan)
    assert (other.reading, other.cursors) == ({"main"}, {"main": 1})
    other.read("main")
    board.save(other)
    assert board.load(one.plan).reading == set()


class Fates(RuleBasedStateMachine):
    """A controller under random fates. When it dies, the next one has what was kept, and sees the later changes."""

    def __init__(self) -> None:
        super().__init__()
        self.plan = plan(Eager, concurrency=3, max_activations=None)
        self.board = Board()
        self.log: list[Version] = []
        self.one = self.board.load(self.plan)
        self.asked: dict[tuple[str, int], tuple[str, int]] = {}
        self.handled: set[tuple[str, int]] = set()
        self.interrupted: dict[str, int] = {}
        """What was asked when a controller died, and at which try."""
        self.unsaved: set[str] = set()
        """What had failed or was cut off since the agenda was kept."""
        self.now = 100.0

    def happen(self, version: Version) -> None:
        self.log.append(version)
        self.one.see("main", version, self.now)
        self.one.passed("main", version.mod_revision)

    @rule(key=st.sampled_from(["h/1", "h/2", "h/3"]), begin=st.booleans(), save=st.booleans())
    def change(self, key: str, begin: bool, save: bool) -> None:
        self.happen(version_of(key, 1, len(self.log) + 1))
        if begin:
            self.begin()
        if save:
            self.save()

    @rule(key=st.sampled_from(["h/1", "h/2"]))
    def delete(self, key: str) -> None:
        self.happen(deletion_of(key, len(self.log) + 1))

    @rule()
    def begin(self) -> None:
        while (activation := self.one.next(self.now)) is not None:
            meaning = (activation.key, activation.revision)
            assert self.asked.setdefault((activation.id, activation.tries), meaning) == meaning
            assert self.interrupted.pop(activation.id, activation.tries) == activation.tries

    @precondition(lambda self: self.one.agenda.running)
    @rule(how=st.sampled_from(["done", "fail", "cut off"]))
    def end(self, how: str) -> None:
        activation = next(iter(self.one.agenda.running.values()))
        if how == "done":
            self.handled.add((activation.key, activation.revision))
            self.one.done(activation.id)
            return
        self.unsaved.add(activation.id)
        if how == "fail" and activation.failures == 0:
            self.one.failed(activation.id, "broken", self.now)
        else:
            self.one.cut_off(activation.id)

    @rule()
    def save(self) -> None:
        self.board.save(self.one)
        self.unsaved.clear()

    @rule()
    def wait(self) -> None:
        self.now += 10.0

    @rule()
    def die(self) -> None:
        for id, one in self.one.agenda.running.items():
            if id not in self.unsaved:
                self.interrupted[id] = one.tries
        self.unsaved.clear()
        self.one = self.board.load(self.plan)
        for version in self.log[self.one.cursors["main"] :]:
            self.one.see("main", version, self.now)
            self.one.passed("main", version.mod_revision)

    @invariant()
    def no_newest_change_is_forgotten(self) -> None:
        agenda = self.one.agenda
        known = {(one.key, one.revision) for one in (*agenda.waiting.values(), *agenda.running.values())}
        for version in {version.key: version for version in self.log}.values():
            assert version.deleted or (version.key, version.mod_revision) in self.handled | known


TestFates = Fates.TestCase
TestFates.settings = settings(max_examples=100, stateful_step_count=40)


# -- the plan ----------------------------------------------------------------------------------------------


def make(**options: Any) -> Callable[[], Any]:
    return lambda: knowledge_sources(options.pop("sources", [Slow]), **options)


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (make(sources=[]), "give at least one source"),
        (make(sources=[shoal.Agent]), "knowledge source 'agent': nothing wakes Agent"),
        (make(sources=[make()]), "nothing wakes function"),
        (make(sources={"controller": Slow}), "cannot be called 'controller'"),
        (make(sources={"no spaces": Slow}), "cannot name"),
        (make(concurrency=0), "concurrency is 0"),
        (make(agenda=0), "agenda is 0"),
        (make(max_activations=0), "max_activations is 0"),
        (make(budget=0), "budget is 0"),
        (make(budget=float("nan")), "budget is nan"),
        (make(until=60), "until is 60; give a condition"),
        (make(choose="best"), "choose is 'best'"),
        (make(region="no spaces"), "cannot name"),
    ],
)
def test_a_team_that_cannot_be_is_refused_before_anything_is_started(build: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        build()


def test_sources_are_named_by_their_class_or_as_they_are_given() -> None:
    assert list(plan(Slow, Slow(), Quick).sources) == ["slow", "slow-2", "quick"]
    named = knowledge_sources({"first": Slow, "second": shoal.ChildSpec(id="x", agent=Quick(), host="crowd")})
    sources = named.plan("team").sources
    assert list(sources) == ["first", "second"]
    assert sources["first"].address == "team/first"
    assert sources["second"].address == "team/second@crowd"
    assert sources["second"].concurrency == 2


def test_a_team_travels_as_code_to_where_its_supervisor_runs() -> None:
    from ray import cloudpickle

    team = knowledge_sources([Critic, Quick()], until=Quiescence() | TimeLimit(5), choose=lambda *_: None)
    supervisor = team.supervisor("team")
    there = cloudpickle.loads(cloudpickle.dumps(supervisor))  # type: ignore[no-untyped-call]
    assert [child.id for child in there.spec.children] == ["critic", "quick", "controller"]
    one = Control(there.spec.children[-1].agent._plan, START)
    see(one, "h/1")
    one.see("main", version_of("hypothesis/1", Hypothesis(score=0.1), 2), 100.0)
    assert sorted(activation.source for activation in one.agenda.waiting.values()) == ["critic", "quick"]
    copy.deepcopy(supervisor)
