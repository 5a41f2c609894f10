"""Ranked votes: Schulze's method, and what a ranking is. Pure."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from shoal.runtime.errors import ConfigError
from shoal.topologies.answers import schulze
from shoal.topologies.answers.ranking import MOST_OPTIONS, ranked_vote

OPTIONS = "abcde"
RANKINGS = st.lists(
    st.permutations(OPTIONS).flatmap(lambda all_: st.integers(1, 5).map(lambda n: all_[:n])), min_size=1
)
PAPER = {"acbed": 5, "adecb": 5, "bedac": 8, "cabed": 3, "caebd": 7, "cbade": 2, "dceba": 7, "ebadc": 8}
"""The example of Schulze's paper: 45 voters, E wins, then A, C, B, D."""


class Choice(BaseModel):
    order: list[str]


class Note(BaseModel):
    text: str


def given_by(rankings: list[Any]) -> dict[str, Any]:
    return {str(n): ranking for n, ranking in enumerate(rankings)}


def test_the_example_of_the_paper_comes_out_as_in_the_paper() -> None:
    rankings = [ranking for ranking, times in PAPER.items() for _ in range(times)]
    result = schulze.count(OPTIONS, rankings)
    assert result.winners == ["e"]
    assert result.beaten == {"e": 4, "a": 3, "c": 2, "b": 1, "d": 0}
    paths = schulze.strongest_paths(schulze.pairwise(OPTIONS, rankings))
    assert paths[0][1:] == [28, 28, 30, 24]  # A's, as the paper gives them
    assert paths[4][:4] == [25, 28, 28, 31]  # E's


def widest(above: list[list[int]], start: int, end: int) -> int:
    """The strongest path by its definition: all paths of victories, each as strong as its weakest."""
    best = 0
    others = [one for one in range(len(above)) if one not in (start, end)]
    for length in range(len(others) + 1):
        for between in itertools.permutations(others, length):
            links = list(itertools.pairwise([start, *between, end]))
            if all(above[i][j] > above[j][i] for i, j in links):
                best = max(best, min(above[i][j] for i, j in links))
    return best


@settings(max_examples=60)
@given(RANKINGS)
def test_the_strongest_paths_are_those_of_the_definition(rankings: list[list[str]]) -> None:
    above = schulze.pairwise(OPTIONS, rankings)
    paths = schulze.strongest_paths(above)
    for start, end in itertools.permutations(range(len(OPTIONS)), 2):
        assert paths[start][end] == widest(above, start, end)


@given(RANKINGS, st.randoms(use_true_random=False))
def test_neither_the_order_of_the_rankings_nor_that_of_the_options_matters(
    rankings: list[list[str]], random: Any
) -> None:
    shuffled, options = list(rankings), list(OPTIONS)
    random.shuffle(shuffled)
    random.shuffle(options)
    one, other = schulze.count(OPTIONS, rankings), schulze.count(options, shuffled)
    assert set(one.winners) == set(other.winners)
    assert one.beaten == other.beaten
    assert one.winners


@given(RANKINGS)
def test_an_option_that_beats_every_other_in_pairs_wins(rankings: list[list[str]]) -> None:
    above = schulze.pairwise(OPTIONS, rankings)
    for one, option in enumerate(OPTIONS):
        if all(above[one][other] > above[other][one] for other in range(len(OPTIONS)) if other != one):
            assert schulze.count(OPTIONS, rankings).winners == [option]


@given(RANKINGS, st.sampled_from(OPTIONS))
def test_whoever_wins_still_wins_when_one_more_puts_it_first(rankings: list[list[str]], first: str) -> None:
    result = schulze.count(OPTIONS, rankings)
    if first in result.winners:
        assert first in schulze.count(OPTIONS, [*rankings, [first]]).winners


@given(RANKINGS)
def test_the_winner_of_a_vote_is_an_option_that_somebody_ranked(rankings: list[list[str]]) -> None:
    outcome = ranked_vote().combine("", given_by(rankings))
    if outcome.undecided:
        assert outcome.answer is None
        assert "a tie between" in outcome.undecided
    else:
        assert any(outcome.answer in ranking for ranking in rankings)
        first = {str(n) for n, ranking in enumerate(rankings) if ranking[0] == outcome.answer}
        assert set(outcome.dissent) == set(given_by(rankings)) - first


def test_a_compromise_that_nobody_puts_first_can_win() -> None:
    rankings = [["a", "m", "b", "c"], ["b", "m", "c", "a"], ["c", "m", "a", "b"]]
    outcome = ranked_vote().combine("", given_by(rankings))
    assert outcome.answer == "m"
    assert outcome.dissent == ("0", "1", "2")
    assert (outcome.votes[0].text, outcome.votes[0].by, outcome.votes[0].weight) == ("m", (), 3)


def test_near_copies_of_an_option_take_no_votes_from_each_other() -> None:
    """With the most first votes ``b`` would win, two to one to one."""
    rankings = [["a1", "a2", "b"], ["a2", "a1", "b"], ["a1", "a2", "b"], ["b", "a1", "a2"], ["b", "a1", "a2"]]
    assert ranked_vote().combine("", given_by(rankings)).answer == "a1"


def test_rankings_in_a_circle_are_a_tie_and_said_to_be_one() -> None:
    outcome = ranked_vote().combine("", given_by([["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]]))
    assert "a tie between 'a', 'b', 'c'" in outcome.undecided
    assert len(outcome.votes) == 3


def test_options_are_the_same_in_another_case_and_come_out_as_the_first_member_wrote_them() -> None:
    vote = ranked_vote("order")
    answers = {"x": Choice(order=["Refund", "call"]), "y": Choice(order=["refund ", "Call"])}
    assert vote.combine("", answers).answer == "Refund"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("abc", "its answer is str, not a list of options"),
        ([], "it ranks nothing"),
        (["a", "b", "A "], "it ranks an option twice"),
        (None, "it answered nothing"),
    ],
)
def test_what_is_no_ranking_does_not_count(answer: Any, why: str) -> None:
    assert why in ranked_vote().objection(answer)
    assert ranked_vote("order").objection({"order": answer})
    assert ranked_vote().objection(["a", "b"]) == ""


def test_too_many_options_are_not_counted() -> None:
    many = [str(n) for n in range(MOST_OPTIONS + 1)]
    assert f"{len(many)} different options" in ranked_vote().combine("", {"a": many}).undecided
    assert ranked_vote().combine("", {"a": many[:-1]}).answer == "0"


def test_members_that_answer_no_lists_are_refused() -> None:
    with pytest.raises(ConfigError, match="member 'a' answers Note, not a list"):
        ranked_vote().check({"a": (Note,)})
    with pytest.raises(ConfigError, match="member 'a' answers Note, which has no field 'order'"):
        ranked_vote("order").check({"a": (Note,)})
    assert ranked_vote().check({"a": (list,), "b": None}) is None
    assert ranked_vote("order").check({"a": (Choice,)}) == (str,)
