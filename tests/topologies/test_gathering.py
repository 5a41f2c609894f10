"""Gathering answers: when there are enough, and what is missing. Pure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.topologies.answers.aggregate import Aggregate, aggregate_of
from shoal.topologies.answers.concatenation import concatenate
from shoal.topologies.answers.gathering import Enough, Gathering
from shoal.topologies.answers.voting import majority_vote
from shoal.topologies.errors import QuorumMissed

MEMBERS = tuple("abcdefg")
ANSWERS = st.lists(st.sampled_from(["x", "y", "z", None]), min_size=7, max_size=7)
ORDERS = st.permutations(MEMBERS)


def gathering(
    by: Aggregate,
    members: Any = MEMBERS,
    *,
    need: int | None = None,
    quorum: int | None = None,
    early: bool = True,
) -> Gathering:
    need = need or len(members)
    return Gathering(tuple(members), Enough(need, quorum or need, early), by, "task")


def fed(gathered: Gathering, arrivals: Any) -> int:
    """Feed answers (``None``: a failure) until it is enough; returns how many it took."""
    for count, (name, answer) in enumerate(arrivals, 1):
        enough = gathered.fail(name, "died") if answer is None else gathered.take(name, answer)
        if enough:
            return count
    raise AssertionError("never enough")


def winner(gathered: Gathering, by: Aggregate) -> Any:
    outcome = by.combine("task", gathered.answers)
    return None if outcome.undecided else outcome.answer


@given(ANSWERS, ORDERS)
def test_a_vote_that_ends_early_ends_as_if_everybody_had_been_heard(
    answers: list[Any], order: list[str]
) -> None:
    said = dict(zip(MEMBERS, answers, strict=True))
    early, late = gathering(majority_vote(), quorum=1), gathering(majority_vote(), quorum=1, early=False)
    took = fed(early, [(name, said[name]) for name in order])
    assert fed(late, [(name, said[name]) for name in order]) == len(MEMBERS) >= took
    assert winner(early, majority_vote()) == winner(late, majority_vote())


@given(ANSWERS, ORDERS, ORDERS)
def test_the_order_in_which_everybody_answers_does_not_matter(
    answers: list[Any], one: list[str], other: list[str]
) -> None:
    said = dict(zip(MEMBERS, answers, strict=True))
    first, second = (gathering(concatenate(), quorum=1, early=False) for _ in range(2))
    fed(first, [(name, said[name]) for name in one])
    fed(second, [(name, said[name]) for name in other])
    assert list(first.answers.items()) == list(second.answers.items())
    assert first.missing == second.missing


@given(ANSWERS, ORDERS, st.integers(1, 7), st.integers(1, 7), st.booleans())
def test_everybody_is_either_heard_or_missing_and_the_quorum_holds(
    answers: list[Any], order: list[str], need: int, quorum: int, early: bool
) -> None:
    said = dict(zip(MEMBERS, answers, strict=True))
    by = majority_vote()
    gathered = gathering(by, need=max(need, quorum), quorum=quorum, early=early)
    fed(gathered, [(name, said[name]) for name in order])
    assert set(gathered.answers) | set(gathered.missing) == set(MEMBERS)
    assert not set(gathered.answers) & set(gathered.missing)
    assert not gathered.waiting
    settled = by.settled({n: by.vote(one) for n, one in gathered.answers.items()}, list(gathered.missing))
    assert gathered.partial() == (bool(gathered.missing) and not settled)
    if len(gathered.answers) >= quorum or settled:
        gathered.check_quorum()
    else:
        with pytest.raises(QuorumMissed) as caught:
            gathered.check_quorum()
        assert set(caught.value.details["missing"]) == set(gathered.missing)
        assert set(caught.value.details["answers"]) == set(gathered.answers)


def test_a_majority_of_all_needs_nobody_else() -> None:
    gathered = gathering(majority_vote(), "abcde")
    assert fed(gathered, [("a", "x"), ("b", "y"), ("c", "x"), ("d", "x")]) == 4
    assert gathered.missing == {"e": "not waited for: nothing it could say would change the outcome"}
    assert not gathered.partial()
    gathered.check_quorum()


def test_a_failure_makes_no_majority() -> None:
    """Two of three votes, but the fourth member could have made it two to two."""
    gathered = gathering(majority_vote(), "abcd")
    fed(gathered, [("a", "x"), ("b", "x"), ("c", None), ("d", "y")])
    assert gathered.partial()
    with pytest.raises(QuorumMissed, match="3 of 4 members gave a usable answer, and 4 are needed: c: died"):
        gathered.check_quorum()


def test_enough_answers_that_cannot_be_decided_on_wait_for_more() -> None:
    gathered = gathering(majority_vote(), "abcde", need=2)
    assert not gathered.take("a", "x")
    assert not gathered.take("b", "y")
    assert gathered.take("c", "x")
    assert winner(gathered, majority_vote()) == "x"
    assert gathered.partial()


def test_a_quorum_that_cannot_be_reached_any_more_is_not_waited_for() -> None:
    gathered = gathering(concatenate(), "abc", need=3)
    assert not gathered.take("a", "x")
    assert gathered.fail("b", "died")
    assert gathered.missing["c"] == "not waited for: too many had failed"
    patient = gathering(concatenate(), "abc", need=3, quorum=1)
    assert not patient.take("a", "x")
    assert not patient.fail("b", "died")


def test_an_answer_that_cannot_be_used_is_missing_and_says_why() -> None:
    gathered = gathering(concatenate(), "ab", quorum=1)
    assert not gathered.take("a", 5)
    assert gathered.take("b", "text")
    assert gathered.missing == {"a": "its answer is int, not text"}
    assert gathered.partial()


def test_what_comes_when_it_is_over_changes_nothing() -> None:
    gathered = gathering(concatenate(), "abc", need=1)
    assert gathered.take("a", "x")
    assert gathered.take("b", "y")
    assert gathered.fail("c", "died")
    assert gathered.answers == {"a": "x"}
    assert set(gathered.missing) == {"b", "c"}
    assert "not waited for: enough had answered" in gathered.missing["b"]


def test_a_function_is_not_called_to_see_whether_it_can_decide() -> None:
    called = []
    gathered = gathering(aggregate_of(lambda message, answers: called.append(1)), "abc", need=2)
    gathered.take("a", "x")
    assert gathered.take("b", "y")
    assert called == []


def test_what_is_missing_of_many_members_is_said_in_few_words() -> None:
    names = [f"m{n}" for n in range(200)]
    gathered = gathering(concatenate(), names, need=200, quorum=1)
    for name in names:
        gathered.fail(name, "x" * 5000)
    with pytest.raises(QuorumMissed, match=r"0 of 200 members .* and 197 more") as caught:
        gathered.check_quorum()
    assert len(caught.value.text) < 2000
