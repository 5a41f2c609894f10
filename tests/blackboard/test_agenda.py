"""The agenda of a controller: what waits, what runs, what goes next. Pure, with the time as an argument."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from shoal.blackboard.activation import Activation, Slot, activation_id
from shoal.blackboard.agenda import Agenda, Rating, SourceStatistics
from shoal.blackboard.entry import decode_value, encode_value
from shoal.runtime.errors import ConfigError


def activation(
    key: str = "h/1", revision: int = 1, source: str = "critic", trigger: str = "judge", **fields: Any
) -> Activation:
    slot = Slot(source, trigger, "main", key)
    given = {"since": float(revision), **fields}
    return Activation(id=activation_id(slot, revision), **slot._asdict(), revision=revision, **given)


# -- what waits --------------------------------------------------------------------------------------------


def test_a_later_change_takes_the_place_of_what_waits_and_its_time_of_waiting() -> None:
    agenda = Agenda(10)
    first, second = activation(revision=3), activation(revision=8)
    assert agenda.offer(first) is None
    assert agenda.offer(second) == first
    (waiting,) = agenda.waiting.values()
    assert (waiting.revision, waiting.since) == (8, 3.0)


def test_what_runs_already_is_not_replaced_but_followed() -> None:
    agenda = Agenda(10)
    agenda.offer(activation(revision=3))
    running = agenda.begin(activation(revision=3).id)
    assert agenda.offer(activation(revision=8)) is None
    assert (list(agenda.running), len(agenda.waiting)) == ([running.id], 1)
    assert running.tries == 1


def test_the_same_change_seen_twice_is_one_activation() -> None:
    agenda = Agenda(10)
    agenda.offer(activation(revision=3))
    agenda.offer(activation(revision=3))
    assert len(agenda.waiting) == 1
    agenda.begin(activation(revision=3).id)
    agenda.offer(activation(revision=3))
    assert not agenda.waiting


def test_each_change_waits_by_itself_where_that_is_wanted() -> None:
    agenda = Agenda(10)
    for revision in (3, 8):
        assert agenda.offer(activation(revision=revision, every=True)) is None
    assert [one.revision for one in agenda.waiting.values()] == [3, 8]
    assert agenda.withdraw(activation().slot) is None


def test_a_change_that_wakes_nobody_withdraws_what_waits() -> None:
    agenda = Agenda(10)
    first = activation(revision=3)
    agenda.offer(first)
    assert agenda.withdraw(first.slot) == first
    assert agenda.withdraw(first.slot) is None
    assert agenda.idle


def test_it_has_room_until_so_many_wait_or_run() -> None:
    agenda = Agenda(2)

    def has_room() -> bool:
        return agenda.room

    agenda.offer(activation(key="h/1"))
    assert has_room()
    agenda.offer(activation(key="h/2"))
    assert not has_room()
    agenda.begin(activation(key="h/1").id)
    assert not has_room()
    agenda.end(activation(key="h/1").id)
    assert has_room()


def test_one_that_ran_and_its_follower_are_found_again_and_the_follower_keeps_its_place() -> None:
    agenda = Agenda(10)
    for revision in (3, 8):
        agenda.restore(activation(revision=revision))
    agenda.begin(activation(revision=3).id)
    assert agenda.offer(activation(revision=9)) == activation(revision=8)
    assert [one.revision for one in agenda.waiting.values()] == [9]


# -- failures ----------------------------------------------------------------------------------------------


def test_a_failed_attempt_is_repeated_at_growing_distances_and_then_given_up() -> None:
    agenda = Agenda(10)
    one = activation(revision=1)
    agenda.offer(one)
    now, waits = 100.0, []
    while True:
        agenda.begin(one.id)
        dropped = agenda.fail(one.id, f"error at {now:g}", now, attempts=4, backoff_s=2.0)
        if dropped is not None:
            break
        assert agenda.ready(now) == []
        due = agenda.due(now)
        assert due is not None
        waits.append(due - now)
        now = due
        assert [ready.id for ready in agenda.ready(now)] == [one.id]
    assert waits == [2.0, 4.0, 8.0]
    assert dropped.errors == ("error at 100", "error at 102", "error at 106", "error at 114")
    assert (dropped.failures, dropped.tries) == (4, 4)
    assert agenda.idle


def test_the_distance_and_what_is_kept_of_errors_are_bounded() -> None:
    agenda = Agenda(10)
    one = activation()
    agenda.offer(one)
    for _ in range(50):
        agenda.begin(one.id)
        agenda.fail(one.id, "x" * 10_000, 0.0, attempts=100, backoff_s=1.0)
    (waiting,) = agenda.waiting.values()
    assert waiting.not_before == 60.0
    assert len(waiting.errors) == 10
    assert max(map(len, waiting.errors)) == 500


def test_what_failed_does_not_come_back_beside_a_later_change() -> None:
    agenda = Agenda(10)
    agenda.offer(activation(revision=3))
    agenda.begin(activation(revision=3).id)
    agenda.offer(activation(revision=8))
    assert agenda.fail(activation(revision=3).id, "broken", 0.0, attempts=3, backoff_s=0.0) is None
    assert [one.revision for one in agenda.waiting.values()] == [8]


def test_of_two_that_ran_at_once_and_failed_the_later_change_waits() -> None:
    for order in ((3, 8), (8, 3)):
        agenda = Agenda(10)
        for revision in (3, 8):
            agenda.offer(activation(revision=revision))
            agenda.begin(activation(revision=revision).id)
        for revision in order:
            agenda.fail(activation(revision=revision).id, "broken", 0.0, attempts=3, backoff_s=0.0)
        assert [one.revision for one in agenda.waiting.values()] == [8]
        assert agenda.changed == {activation(revision=3).id, activation(revision=8).id}


def test_what_was_cut_off_waits_again_without_having_failed() -> None:
    agenda = Agenda(10)
    one = activation()
    agenda.offer(one)
    agenda.begin(one.id)
    agenda.again(one.id)
    assert (agenda.waiting[one.id].failures, agenda.waiting[one.id].tries) == (0, 1)
    assert agenda.begin(one.id).tries == 2


# -- what goes next ----------------------------------------------------------------------------------------


def next_of(
    rating: Rating, *ready: Activation, now: float = 10.0, **statistics: SourceStatistics
) -> Activation:
    chosen = rating(ready, statistics, now)
    assert chosen is not None
    return chosen


def test_the_highest_priority_goes_first_then_the_source_whose_turn_was_longest_ago() -> None:
    low = activation("h/1", 1, priority=1)
    high = activation("h/2", 2, priority=2)
    other = activation("h/3", 3, source="refiner", priority=2)
    critic, refiner = SourceStatistics(last_begun=7), SourceStatistics(last_begun=4)
    rating = Rating()
    assert next_of(rating, low, high, critic=critic) == high
    assert next_of(rating, low, high, other, critic=critic, refiner=refiner) == other
    assert next_of(rating, low, high, other, critic=critic, refiner=critic) == high
    assert next_of(rating, high, other, critic=critic) == other
    assert rating([], {}, 10.0) is None


def test_among_equals_the_cheaper_goes_first_then_the_earlier_change() -> None:
    dear, cheap, cheap_too = (
        activation("h/1", 1, cost=5.0), activation("h/2", 2, cost=0.5), activation("h/3", 3, cost=0.5),
    )  # fmt: skip
    assert next_of(Rating(), dear, cheap_too, cheap) == cheap


def test_waiting_is_worth_a_step_of_priority_each_time() -> None:
    old, new = activation("h/1", 1, since=0.0, priority=0), activation("h/2", 2, since=100.0, priority=3)
    assert next_of(Rating(aging_s=30), old, new, now=100.0) == old
    assert next_of(Rating(aging_s=30), old, new, now=89.0) == new
    assert next_of(Rating(aging_s=None), old, new, now=1e9) == new
    assert next_of(Rating(aging_s=30), new.model_copy(update={"since": 1e9}), now=0.0).priority == 3


@pytest.mark.parametrize("aging_s", [0, -1, float("inf"), float("nan")])
def test_a_rating_that_cannot_be_is_refused(aging_s: float) -> None:
    with pytest.raises(ConfigError, match="aging_s"):
        Rating(aging_s=aging_s)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=5), st.integers(1, 5))
def test_nothing_waits_for_ever_however_many_of_higher_priority_come(
    priorities: list[int], each: int
) -> None:
    """One of the lowest priority, and one of each given priority more every second: it goes within the bound."""
    rating, agenda = Rating(aging_s=float(each)), Agenda(10_000)
    agenda.offer(activation("low", 0, source="low", priority=-3))
    statistics: dict[str, SourceStatistics] = {}
    for second in range(1, 3 + (max(priorities) + 4) * each * (len(priorities) + 1)):
        for index, priority in enumerate(priorities):
            agenda.offer(activation(f"h/{second}", second, source=f"s{index}", priority=priority))
        chosen = rating(agenda.ready(second), statistics, float(second))
        assert chosen is not None
        agenda.begin(chosen.id)
        agenda.end(chosen.id)
        statistics[chosen.source] = SourceStatistics(last_begun=second)
        if chosen.source == "low":
            return
    raise AssertionError("the one of low priority never went")


def test_an_activation_is_a_value_of_the_board() -> None:
    one = activation(errors=("broken",), failures=1, tries=2, not_before=7.5)
    assert decode_value(encode_value(one), Activation) == one


# -- whatever happens --------------------------------------------------------------------------------------


class Agendas(RuleBasedStateMachine):
    """An agenda under any sequence of calls, beside what a board would hold that is told only what changed."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.agenda = Agenda(1000)
        self.board: dict[str, Activation] = {}
        self.now = 0.0

    @rule(
        target=ids, key=st.sampled_from("abc"), revision=st.integers(1, 40), every=st.booleans(),
        source=st.sampled_from(["s", "t"]),
    )  # fmt: skip
    def offer(self, key: str, revision: int, every: bool, source: str) -> str:
        one = activation(key, revision, source, "every" if every else "newest", every=every)
        replaced = self.agenda.offer(one)
        assert replaced is None or replaced.slot == one.slot
        return one.id

    @rule(id=ids)
    def begin(self, id: str) -> None:
        if id in self.agenda.waiting:
            tries = self.agenda.waiting[id].tries
            assert self.agenda.begin(id).tries == tries + 1

    @rule(id=ids, how=st.sampled_from(["end", "fail", "again"]))
    def end(self, id: str, how: str) -> None:
        if id in self.agenda.running:
            if how == "end":
                self.agenda.end(id)
            elif how == "again":
                self.agenda.again(id)
            else:
                self.agenda.fail(id, "broken", self.now, attempts=2, backoff_s=1.0)
            assert id not in self.agenda.running

    @rule(id=ids)
    def withdraw(self, id: str) -> None:
        if id in self.agenda.waiting:
            self.agenda.withdraw(self.agenda.waiting[id].slot)

    @rule(id=ids)
    def remove(self, id: str) -> None:
        if id in self.agenda.waiting:
            self.agenda.remove(id)
            assert id not in self.agenda

    @rule()
    def save(self) -> None:
        for id in self.agenda.changed:
            one = self.agenda.waiting.get(id) or self.agenda.running.get(id)
            if one is None:
                self.board.pop(id, None)
            else:
                self.board[id] = one
        self.agenda.changed.clear()
        assert set(self.board) == {*self.agenda.waiting, *self.agenda.running}
        for id, one in self.agenda.waiting.items():
            assert self.board[id] == one

    @rule()
    def load(self) -> None:
        self.save()
        before = {**self.agenda.waiting, **self.agenda.running}
        self.agenda = Agenda(1000)
        for id in sorted(self.board):
            self.agenda.restore(self.board[id])
        assert set(self.agenda.waiting) == set(before)

    @rule(by_s=st.floats(0, 100))
    def pass_time(self, by_s: float) -> None:
        self.now += by_s
        due = self.agenda.due(self.now)
        assert due is None or due > self.now
        assert all(one.not_before <= self.now for one in self.agenda.ready(self.now))

    @invariant()
    def each_is_in_one_place(self) -> None:
        assert not set(self.agenda.waiting) & set(self.agenda.running)


class AgendasWithoutLoading(Agendas):
    """As long as nothing is loaded (then one that ran waits beside its successor) one waits a slot."""

    load = None  # type: ignore[assignment]

    @invariant()
    def one_waits_a_slot(self) -> None:
        slots = Counter(one.slot for one in self.agenda.waiting.values() if not one.every)
        assert max(slots.values(), default=0) <= 1


TestAgendas = Agendas.TestCase
TestAgendas.settings = settings(max_examples=40, stateful_step_count=40)
TestAgendasWithoutLoading = AgendasWithoutLoading.TestCase
TestAgendasWithoutLoading.settings = TestAgendas.settings
