"""Votes: what counts as the same answer, who wins, when nobody does, and when nothing can change it any more. Pure."""

from __future__ import annotations

import pickle
from collections import Counter
from enum import Enum
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shoal.runtime.errors import ConfigError
from shoal.topologies.answers.aggregate import Outcome
from shoal.topologies.answers.ballot import ballot
from shoal.topologies.answers.voting import Voting, majority_vote, weighted_vote
from shoal.topologies.errors import Undecided

LABELS = st.sampled_from("abcd")
VOTES = st.dictionaries(st.sampled_from([f"m{n}" for n in range(9)]), LABELS, min_size=1)
SHARES = st.sampled_from([0, 1 / 3, 0.5, 2 / 3, 0.9])
WEIGHTS = st.dictionaries(
    st.sampled_from([f"m{n}" for n in range(9)]), st.sampled_from([0, 0.1, 0.2, 0.3, 1, 2.5])
)


class Label(BaseModel):
    label: str
    confidence: float = 0.0
    reason: str = ""


class Unsure(BaseModel):
    confidence: float


class Reply(BaseModel):
    text: str


class Mood(Enum):
    GOOD = "good"


def stands_for(outcome: Outcome) -> Any:
    """What won; the words may be another member's."""
    return None if outcome.undecided else outcome.answer


# -- what is the same --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Billing", "  billing "),
        ("two\nwords", "Two words"),
        ("caf\u00e9", "cafe\u0301"),
        ({"a", "b", "c"}, {"c", "b", "a"}),
        ((1, 2), [1, 2]),
        ({"x": 1, "y": 2}, {"y": 2, "x": 1}),
        (Mood.GOOD, "good"),
        (Label(label="a", confidence=0.1, reason="x"), Label(label="A", confidence=0.9)),
        ({"label": "a", "why": "x"}, {"label": "a"}),
    ],
)
def test_what_differs_only_in_how_it_is_said_is_the_same(one: Any, other: Any) -> None:
    assert ballot(one) == ballot(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5", 5),
        (True, 1),
        ("true", True),
        ([1, 2], [2, 1]),
        ("[1]", [1]),
        (Label(label="a"), Label(label="b")),
        (Unsure(confidence=0.1), Unsure(confidence=0.2)),  # there is nothing else to compare
    ],
)
def test_what_says_something_else_is_not_the_same(one: Any, other: Any) -> None:
    assert ballot(one) != ballot(other)


def test_exact_comparison_keeps_case_white_space_and_what_is_said_about_the_answer() -> None:
    assert ballot("A", exact=True) != ballot("a", exact=True)
    one, other = Label(label="a", confidence=0.1), Label(label="a", confidence=0.2)
    assert ballot(one, exact=True) != ballot(other, exact=True)
    assert majority_vote(exact=True).combine("", {"1": one, "2": other}).undecided
    assert majority_vote().combine("", {"1": one, "2": other}).answer is one


@given(st.text())
def test_a_text_is_the_same_as_itself_in_other_case_with_other_space(text: str) -> None:
    assert ballot(text) == ballot(f" {text}\n")
    assert ballot(" ".join(text.casefold().split())) == ballot(text)


# -- who wins ----------------------------------------------------------------------------------------------


@given(VOTES, SHARES, st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(votes: dict[str, str], share: float, random: Any) -> None:
    shuffled = list(votes.items())
    random.shuffle(shuffled)
    vote = majority_vote(more_than=share)
    assert stands_for(vote.combine("", votes)) == stands_for(vote.combine("", dict(shuffled)))


@given(VOTES)
def test_a_majority_wins_and_nothing_else_does(votes: dict[str, str]) -> None:
    (most, times), *_ = Counter(votes.values()).most_common()
    outcome = majority_vote().combine("", votes)
    assert stands_for(outcome) == (most if times > len(votes) / 2 else None)


@given(VOTES)
def test_with_no_share_to_exceed_the_most_votes_win_and_a_tie_wins_nothing(votes: dict[str, str]) -> None:
    counted = Counter(votes.values()).most_common()
    tie = len(counted) > 1 and counted[0][1] == counted[1][1]
    outcome = majority_vote(more_than=0).combine("", votes)
    assert stands_for(outcome) == (None if tie else counted[0][0])


@given(st.lists(st.builds(Label, label=LABELS, confidence=st.floats(0, 1)), min_size=1, max_size=9), SHARES)
def test_the_winner_is_an_answer_that_somebody_gave_and_every_vote_is_counted(
    given_answers: list[Label], share: float
) -> None:
    answers = {str(n): answer for n, answer in enumerate(given_answers)}
    outcome = majority_vote("label", more_than=share).combine("", answers)
    assert sorted(name for one in outcome.votes for name in one.by) == sorted(answers)
    if outcome.undecided:
        assert outcome.answer is None
    else:
        assert any(outcome.answer is answer for answer in given_answers)
        agree = {name for name, one in answers.items() if one.label == outcome.answer.label}
        assert set(outcome.dissent) == set(answers) - agree
        assert outcome.answer is answers[min(agree, key=int)]


@given(VOTES, WEIGHTS, SHARES)
def test_weights_count_as_they_are_written(
    votes: dict[str, str], weights: dict[str, float], share: float
) -> None:
    exact = {name: Fraction(str(weights.get(name, 1))) for name in votes}
    sums = {
        label: sum((exact[n] for n, one in votes.items() if one == label), Fraction())
        for label in votes.values()
    }
    best = max(sums.values())
    leaders = [label for label, weight in sums.items() if weight == best]
    wins = len(leaders) == 1 and best > Fraction(share).limit_denominator(1000) * sum(sums.values())
    outcome = weighted_vote(weights, more_than=share).combine("", votes)
    assert stands_for(outcome) == (leaders[0] if wins else None)


def test_a_tenth_and_two_tenths_are_as_much_as_three() -> None:
    vote = weighted_vote({"a": 0.1, "b": 0.2, "c": 0.3})
    assert vote.combine("", {"a": "x", "b": "x", "c": "y"}).undecided


def test_two_of_three_are_not_more_than_two_thirds() -> None:
    vote = majority_vote(more_than=2 / 3)
    assert vote.combine("", {"a": "x", "b": "x", "c": "y"}).undecided
    assert vote.combine("", {"a": "x", "b": "x", "c": "x"}).answer == "x"


def test_the_heaviest_of_those_that_win_speaks() -> None:
    answers = {n: Label(label="x", reason=n) for n in ("intern", "senior", "junior")}
    vote = weighted_vote({"senior": 3, "junior": 2}, "label")
    assert vote.combine("", answers).answer is answers["senior"]
    assert majority_vote("label").combine("", answers).answer is answers["intern"]


def test_no_winner_is_said_with_the_votes_and_who_gave_them() -> None:
    answers = {n: Label(label=n, reason=n) for n in "abc"}
    outcome = majority_vote().combine("", answers)
    assert "no answer has more than 1/2 of 3 votes" in outcome.undecided
    assert "name a field to count by it alone" in outcome.undecided
    assert "name a field" not in majority_vote("label").combine("", answers).undecided
    with pytest.raises(Undecided, match="'b' 1 \\(b\\)") as caught:
        majority_vote("label")("", answers)
    assert [one["by"] for one in caught.value.details["votes"]] == [["a"], ["b"], ["c"]]
    assert (
        majority_vote("label")("", answers | {"d": Label(label="a"), "e": Label(label="a")}) is answers["a"]
    )


# -- when it is settled ------------------------------------------------------------------------------------


@given(VOTES, VOTES, WEIGHTS, SHARES)
def test_a_settled_vote_is_not_changed_by_any_answer_that_is_still_to_come(
    votes: dict[str, str], more: dict[str, str], weights: dict[str, float], share: float
) -> None:
    vote = weighted_vote(weights, more_than=share)
    others = {name for name in (f"m{n}" for n in range(9)) if name not in votes}
    if vote.settled(votes, others):
        later = votes | {name: label for name, label in more.items() if name in others}
        assert stands_for(vote.combine("", later)) == stands_for(vote.combine("", votes))


@given(VOTES)
def test_more_than_half_of_all_settle_a_majority(votes: dict[str, str]) -> None:
    others = [f"m{n}" for n in range(9) if f"m{n}" not in votes]
    most = Counter(votes.values()).most_common(1)[0][1]
    settled = majority_vote().settled(votes, others)
    assert settled or most <= 9 / 2


def test_a_vote_that_nobody_can_win_any_more_is_settled_too() -> None:
    votes = {"a": "1", "b": "2", "c": "3", "d": "4"}
    assert majority_vote().settled(votes, ["e", "f"])
    assert not majority_vote().settled(votes, ["e", "f", "g", "h", "i"])
    assert not majority_vote(more_than=0).settled(votes, ["e"])


# -- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("more_than", [-0.1, 1, 2, "half", float("nan")])
def test_a_share_that_cannot_be_is_refused(more_than: Any) -> None:
    with pytest.raises(ConfigError, match=r"more_than is .* from 0 to under 1"):
        majority_vote(more_than=more_than)


@pytest.mark.parametrize("weight", [-1, float("inf"), float("nan"), "much"])
def test_a_weight_that_cannot_be_is_refused(weight: Any) -> None:
    with pytest.raises(ConfigError, match="the weight of 'a' is"):
        weighted_vote({"a": weight})


@pytest.mark.parametrize(
    ("vote", "why"),
    [
        (weighted_vote({"z": 1}), "'z' has a weight and is none of a, b"),
        (weighted_vote({"a": 0, "b": 0}), "no member's vote weighs more than 0"),
        (majority_vote("colour"), "member 'a' answers Label, which has no field 'colour'"),
        (
            majority_vote(),
            r"the members answer different types \(a Label, b Reply\), so they can never agree",
        ),
        (majority_vote("label"), "member 'b' answers Reply, which has no field 'label'"),
    ],
)
def test_a_vote_that_the_members_cannot_hold_is_refused(vote: Voting, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        vote.check({"a": (Label,), "b": (Reply,)})


def test_what_comes_out_of_a_vote_is_what_the_members_give_but_for_none() -> None:
    assert majority_vote().check({"a": (Label,), "b": (Label, type(None))}) == (Label,)
    assert majority_vote().check({"a": (Label,), "b": None}) is None
    assert majority_vote("label").check({"a": (Label,), "b": (dict,)}) == (Label, dict)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "it answered nothing"),
        (Reply(text="x"), "nothing in the field 'label'"),
        ({"label": None}, "nothing in the field 'label'"),
        ({"label": ""}, ""),
        (Label(label="x"), ""),
    ],
)
def test_an_answer_without_what_is_counted_is_no_vote(answer: Any, why: str) -> None:
    objection = majority_vote("label").objection(answer)
    assert why in objection
    assert bool(objection) == bool(why)


def test_a_vote_travels() -> None:
    vote = pickle.loads(pickle.dumps(weighted_vote({"a": 2}, "label")))
    assert vote.combine("", {"a": Label(label="x"), "b": Label(label="y")}).answer.label == "x"
