"""The conditions that end the work on a region, each by itself and combined: pure, with the time as an argument."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.blackboard.operations import Complete, Delete, DeletePrefix, Fail
from shoal.blackboard.requests import Status
from shoal.blackboard.termination import (
    Check,
    CountReached,
    ItemsDone,
    NoImprovement,
    Quiescence,
    Situation,
    Termination,
    TimeLimit,
)
from shoal.blackboard.version import Version
from shoal.runtime.errors import ConfigError
from tests.blackboard.store.stand import Stand

BUSY = Status(9, 0, 3, open=1, claimable=0, claimed=1, done=4, dead=0, leases=0, watchers=0, claimers=0)
QUIET = BUSY._replace(open=0, claimed=0)
EMPTY = QUIET._replace(revision=0, done=0)


def situation(*statuses: Status, waiting: int = 0, performed: int = 0) -> Situation:
    return Situation(9, statuses, waiting, performed)


def feed(check: Check, stand: Stand, since: int = 0) -> None:
    for version in stand.store.changes(since + 1):
        check.see(version, stand.now)


def holds(check: Check, *statuses: Status, now: float = 0.0, **figures: int) -> bool:
    return check.verdict(situation(*statuses, **figures), now) is not None


# -- quiescence --------------------------------------------------------------------------------------------


def test_a_board_is_quiescent_when_nothing_is_open_or_claimed_and_there_was_work() -> None:
    check = Quiescence().begin(0.0)
    assert not holds(check, BUSY)
    assert not holds(check, QUIET._replace(open=1))
    assert holds(check, QUIET)
    assert not holds(check, QUIET, BUSY)
    assert holds(check, QUIET, EMPTY)


def test_an_empty_board_is_quiescent_only_from_the_start() -> None:
    assert not holds(Quiescence().begin(0.0), EMPTY)
    assert holds(Quiescence(from_start=True).begin(0.0), EMPTY)
    assert holds(Quiescence().begin(0.0), EMPTY, performed=1)


def test_nothing_is_quiescent_while_activations_wait_or_nobody_has_looked() -> None:
    check = Quiescence(from_start=True).begin(0.0)
    assert not holds(check, QUIET, waiting=1)
    assert not holds(check)


def test_quiescence_that_must_last_begins_anew_with_each_change() -> None:
    check = Quiescence(quiet_s=5).begin(0.0)
    assert not holds(check, QUIET, now=10.0)
    assert check.due() == 15.0
    assert not holds(check, QUIET, now=14.9)
    assert not holds(check, QUIET._replace(revision=10), now=15.0)
    assert check.due() == 20.0
    assert not holds(check, BUSY, now=19.0)
    assert check.due() is None
    assert not holds(check, QUIET, now=20.0)
    assert holds(check, QUIET, now=25.0)


# -- counts ------------------------------------------------------------------------------------------------


def test_keys_are_counted_as_they_come_and_go() -> None:
    stand = Stand()
    for key in ("a/1", "a/2", "b/1"):
        stand.put(key)
    check = CountReached("a/", 3).begin(0.0)
    for version in stand.range().versions:
        check.found(version)
    start = stand.store.revision
    stand.put("a/2", "another value")
    stand.do(Delete("a/1"))
    stand.put("a/3")
    feed(check, stand, start)
    assert not holds(check)
    assert check.progress(0.0) == "CountReached('a/', 3): 2 so far"
    stand.put("a/1")
    feed(check, stand, stand.store.revision - 1)
    assert holds(check)


def test_items_count_once_they_are_done_whatever_became_of_the_others() -> None:
    stand = Stand()
    check = ItemsDone("job/", 2).begin(0.0)
    for key in ("job/1", "job/2", "job/3", "else/4"):
        stand.post(key)
    for _ in range(4):
        key, token = stand.claimed()
        stand.do(Fail(key, token, "broken", False) if key == "job/2" else Complete(key, token))
        if key == "job/1":
            stand.do(Delete(key))
    feed(check, stand)
    assert holds(check)
    assert not holds(_fed(ItemsDone("job/", 3), stand))
    assert holds(_fed(ItemsDone("", 3), stand))


def _fed(condition: Termination, stand: Stand) -> Check:
    check = condition.begin(0.0)
    feed(check, stand)
    return check


writes = st.lists(
    st.tuples(st.sampled_from(["put", "delete", "prefix"]), st.sampled_from(["a/1", "a/2", "a/3", "b/1"])),
    max_size=30,
)


@given(before=writes, after=writes)
def test_the_count_is_that_of_the_keys_there_whatever_was_written(before: Any, after: Any) -> None:
    stand = Stand()
    check = CountReached("a/", 1).begin(0.0)
    _write(stand, before)
    for version in stand.range().versions:
        check.found(version)
    start = stand.store.revision
    _write(stand, after)
    feed(check, stand, start)
    assert check.save() == len(stand.keys("a/"))


def _write(stand: Stand, todo: list[tuple[str, str]]) -> None:
    for what, key in todo:
        if what == "put":
            stand.put(key)
        else:
            stand.do(Delete(key) if what == "delete" else DeletePrefix(key[:2]))


# -- improvement -------------------------------------------------------------------------------------------


def scores(check: Check, stand: Stand, *scores: Any, key: str = "plan/x") -> None:
    for score in scores:
        check.see(stand.put(key, {"spec": {"score": score}}), stand.now)


def test_the_best_must_stay_unbeaten_for_so_many_revisions() -> None:
    stand, check = Stand(), NoImprovement("plan/", "spec.score", revisions=3).begin(0.0)
    scores(check, stand, 1, 2, 2, 1)
    assert not holds(check)
    scores(check, stand, 2.5, 1, 1)
    assert not holds(check)
    scores(check, stand, 2.5)
    verdict = check.verdict(situation(), 0.0)
    assert verdict is not None
    assert verdict.condition == "NoImprovement('plan/', 'spec.score', revisions=3)"
    assert (
        verdict.reason == "the best spec.score, 2.5 ('plan/x' at revision 5), was not beaten in 3 revisions"
    )


def test_what_is_no_number_is_no_attempt() -> None:
    stand, check = Stand(), NoImprovement("plan/", "spec.score", revisions=1).begin(0.0)
    scores(check, stand, "high", None, True, float("nan"), [1])
    scores(check, stand, 5, key="else/x")
    check.see(stand.put("plan/y", 7), 0.0)
    assert check.save()[0] is None
    scores(check, stand, 5)
    stand.do(Delete("plan/x"))
    feed(check, stand, stand.store.revision - 1)
    assert not holds(check)
    scores(check, stand, 5)
    assert holds(check)


def test_lower_may_be_better_and_a_little_better_may_not_count() -> None:
    stand = Stand()
    check = NoImprovement("plan/", "spec.score", revisions=2, goal="min", by=0.5).begin(0.0)
    scores(check, stand, 10, 9.4, 9.3)
    assert not holds(check)
    scores(check, stand, 9.0)
    assert holds(check)


def test_the_value_itself_may_be_the_number_and_what_is_there_is_the_first_best() -> None:
    stand, check = Stand(), NoImprovement("n/", "", revisions=2).begin(0.0)
    for key, number in (("n/1", 5), ("n/2", 9), ("n/3", 7)):
        check.found(stand.put(key, number))
    assert check.save()[:2] == [9.0, "n/2"]
    check.see(stand.put("n/3", 8), 0.0)
    check.see(stand.put("n/3", 9), 0.0)
    assert holds(check)


def test_several_values_of_one_revision_are_one_attempt() -> None:
    check = NoImprovement("n/", "", revisions=2).begin(0.0)
    stand = Stand()
    first = stand.put("n/1", 5)
    check.see(first, 0.0)
    worse = [stand.put(key, 1)._replace(mod_revision=7) for key in ("n/2", "n/3", "n/4")]
    for version in worse:
        check.see(version, 0.0)
    assert not holds(check)
    better = [stand.put(key, n)._replace(mod_revision=8) for key, n in (("n/2", 1), ("n/3", 6), ("n/4", 2))]
    for version in better:
        check.see(version, 0.0)
    assert check.save()[3] == 0


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=40), st.integers(1, 5))
def test_it_holds_exactly_when_the_newest_best_is_so_many_revisions_old(
    numbers: list[int], revisions: int
) -> None:
    stand, check = Stand(), NoImprovement("n/", "", revisions=revisions).begin(0.0)
    for number in numbers:
        check.see(stand.put("n/1", number), 0.0)
    best = numbers.index(max(numbers))
    assert holds(check) == (len(numbers) - 1 - best >= revisions)


# -- time, and all together --------------------------------------------------------------------------------


def test_a_limit_of_time_holds_from_its_end_on() -> None:
    check = TimeLimit(10).begin(100.0)
    assert check.due() == 110.0
    assert not holds(check, now=109.9)
    assert check.progress(104.0) == "TimeLimit(10): 6.0 s are left"
    assert holds(check, now=110.0)
    assert holds(check, now=500.0)


def test_of_several_conditions_any_ends_it_and_the_first_is_named() -> None:
    stand = Stand()
    condition = CountReached("a/", 1) | CountReached("b/", 1) | TimeLimit(10)
    check = condition.begin(0.0)
    assert not holds(check)
    check.see(stand.put("b/1"), 0.0)
    verdict = check.verdict(situation(), 0.0)
    assert verdict is not None
    assert verdict.condition == "CountReached('b/', 1)"
    late = check.verdict(situation(), 11.0)
    assert late == verdict


def test_all_conditions_must_hold_at_the_same_moment() -> None:
    stand = Stand()
    check = (CountReached("a/", 1) & TimeLimit(10)).begin(0.0)
    check.see(stand.put("a/1"), 0.0)
    assert not holds(check, now=5.0)
    stand.do(Delete("a/1"))
    feed(check, stand, 1)
    assert not holds(check, now=11.0)
    check.see(stand.put("a/1"), 11.0)
    verdict = check.verdict(situation(), 11.0)
    assert verdict is not None
    assert verdict.condition == "CountReached('a/', 1) & TimeLimit(10)"
    assert verdict.reason == "1 keys under 'a/', 1 were waited for; 10 s have passed"


def test_conditions_nest_and_say_what_they_need() -> None:
    both = CountReached("a/", 1) & TimeLimit(10)
    condition = Quiescence() | both | (ItemsDone("b/", 2) | NoImprovement("c/", "x", revisions=3))
    assert condition.reads == ("a/", "b/", "c/")
    assert condition.wants_status
    assert not (both | ItemsDone("b/", 2)).wants_status
    assert str(condition) == (
        "Quiescence() | CountReached('a/', 1) & TimeLimit(10) | ItemsDone('b/', 2) | "
        "NoImprovement('c/', 'x', revisions=3)"
    )
    assert str((TimeLimit(1) | TimeLimit(2)) & TimeLimit(3)) == "(TimeLimit(1) | TimeLimit(2)) & TimeLimit(3)"
    assert pickle.loads(pickle.dumps(condition)) == condition


@pytest.mark.parametrize(
    ("condition", "certain"),
    [
        (TimeLimit(1), True),
        (Quiescence(), False),
        (Quiescence() | TimeLimit(1), True),
        (Quiescence() & TimeLimit(1), False),
        (TimeLimit(2) & TimeLimit(1), True),
        ((Quiescence() & TimeLimit(1)) | TimeLimit(5), True),
    ],
)
def test_only_time_is_sure_to_pass(condition: Termination, certain: bool) -> None:
    assert condition.certain is certain


CONDITIONS: list[Termination] = [
    CountReached("n/", 2), ItemsDone("n/", 1), NoImprovement("n/", "", revisions=2), TimeLimit(7),
    CountReached("n/", 2) | TimeLimit(7), Quiescence() & (NoImprovement("n/", "", revisions=1) | TimeLimit(3)),
]  # fmt: skip


@given(st.sampled_from(CONDITIONS), st.lists(st.integers(0, 4), max_size=8), st.lists(st.integers(0, 4)))
def test_a_check_that_was_saved_goes_on_as_if_nothing_had_happened(
    condition: Termination, before: list[int], after: list[int]
) -> None:
    stand, check = Stand(), condition.begin(0.0)
    for number in before:
        check.see(stand.put(f"n/{number}", number), 0.0)
    other = condition.begin(3.0)
    other.restore(check.save())
    for number in after:
        version: Version = stand.put(f"n/{number}", number)
        check.see(version, 0.0)
        other.see(version, 0.0)
    for now in (0.0, 5.0, 8.0):
        assert check.verdict(situation(QUIET), now) == other.verdict(situation(QUIET), now)


def test_what_was_seen_does_not_count_when_a_region_is_read_again() -> None:
    stand, check = Stand(), (CountReached("a/", 3) | TimeLimit(10)).begin(0.0)
    versions = [stand.put("a/1"), stand.put("a/2")]
    for _ in range(2):
        check.again()
        for version in versions:
            check.found(version)
    assert not holds(check)


@pytest.mark.parametrize(
    "make",
    [
        lambda: TimeLimit(0),
        lambda: TimeLimit(float("inf")),
        lambda: TimeLimit(True),
        lambda: TimeLimit("10"),  # type: ignore[arg-type]
        lambda: CountReached("a/", 0),
        lambda: ItemsDone("a/", -1),
        lambda: NoImprovement("a/", "x", revisions=0),
        lambda: NoImprovement("a/", "x", revisions=1, goal="best"),  # type: ignore[arg-type]
        lambda: NoImprovement("a/", "x", revisions=1, by=-1),
        lambda: Quiescence(quiet_s=float("nan")),
        lambda: Quiescence() | 5,  # type: ignore[operator]
        lambda: Quiescence() & "TimeLimit",  # type: ignore[operator]
    ],
)
def test_a_condition_that_cannot_be_is_refused_when_it_is_made(make: Any) -> None:
    with pytest.raises(ConfigError):
        make()
