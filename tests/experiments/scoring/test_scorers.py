from __future__ import annotations

import math
from collections import Counter
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.experiments.scoring.number import number_in
from shoal.experiments.scoring.overlap import f1
from shoal.experiments.scoring.scorer import Scorer
from tests.experiments.scoring.judging import score_of, scorer_of, task_of

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)
SCORERS: list[Any] = [
    "exact",
    "contains",
    "number",
    "set",
    {"regex": "(a|1)"},
    {"choice": ["a", "b", "true"]},
]


@cache
def made(spec: str) -> Scorer:
    """Once: a pattern has a process."""
    return next(scorer_of(one) for one in SCORERS if str(one) == spec)


@pytest.mark.parametrize("spec", SCORERS, ids=str)
@given(
    output=JSON.filter(lambda one: not isinstance(one, dict)),
    expected=JSON.filter(lambda one: one is not None),
)
def test_a_score_is_from_0_to_1_whatever_is_answered_and_expected(
    spec: Any, output: Any, expected: Any
) -> None:
    score = made(str(spec)).score(output, task_of(expected))
    assert score is not None
    assert 0 <= score <= 1


@pytest.mark.parametrize("spec", ["exact", "set"])
@given(value=JSON.filter(lambda one: one is not None))
def test_the_expected_answer_itself_is_right(spec: str, value: Any) -> None:
    assert score_of(spec, value, value) == 1


@pytest.mark.parametrize("spec", SCORERS[:4] + SCORERS[5:], ids=str)
def test_a_task_without_an_expected_answer_has_no_score(spec: Any) -> None:
    assert score_of(spec, "a", None) is None


@pytest.mark.parametrize(
    ("output", "expected", "score"),
    [
        (" billing\n", "billing", 1),
        ("Billing", "billing", 0),
        (576, "576", 1),
        (True, "true", 1),
        (True, "True", 1),
        (False, " FALSE", 1),
        (False, "True", 0),
        ("True", True, 1),
        ("True", "true", 0),
        (True, 1, 0),
        (1.0, 1, 1),
        (["a", 1], ["a", "1"], 1),
        (["a", "b"], ["b", "a"], 0),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, 1),
        ({"a": 1}, {"a": 1, "b": 2}, 0),
        (None, "null", 1),
    ],
)
def test_exact_compares_values(output: Any, expected: Any, score: float) -> None:
    assert score_of("exact", output, expected) == score


def test_exact_can_ignore_case_and_keep_white_space() -> None:
    assert score_of({"exact": {"ignore_case": True}}, "STRASSE", "straße") == 1
    assert score_of({"exact": {"strip": False}}, "a ", "a") == 0


@pytest.mark.parametrize(
    ("output", "expected", "score"),
    [
        ("The answer is 5.", "5", 1),
        ("The answer is 15.", "5", 0),
        ("It is the Eiffel Tower!", "eiffel tower", 1),
        ("red and green", ["red", "blue"], 0.5),
        ("(a+b)", "(a+b)", 1),
    ],
)
def test_contains_looks_for_whole_words(output: Any, expected: Any, score: float) -> None:
    assert score_of("contains", output, expected) == score
    assert score_of({"contains": {"words": False}}, "15", "5") == 1


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("The answer is 576.", 576),
        ("6 * 96 = 576, so 576", 576),
        ("$1,234.50", 1234.5),
        ("-$3", -3),
        ("\u22125", -5),
        ("between 3-5", 5),
        ("- 5 apples", 5),
        ("12,3456", 3456),
        (".5", 0.5),
        ("6.02e23", 6.02e23),
        ("50%", 50),
        ("#### 72", 72),
        ("room B12", None),
        ("none", None),
        ("", None),
        (7, 7),
        (True, None),
        (None, None),
        ([7], None),
        (10**400, None),
        ("9" * 400, None),
    ],
)
def test_the_last_number_of_a_text_counts(text: Any, number: float | None) -> None:
    assert number_in(text) == number


@given(st.integers(-(10**15), 10**15) | st.floats(-1e15, 1e15).map(lambda one: round(one, 4)))
def test_a_number_is_found_however_it_is_written(number: float) -> None:
    assert number_in(number) == number
    assert number_in(f"so it is {number:,}.") == number
    assert number_in(repr(float(number))) == number


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_a_number_counts_within_its_tolerance(found: float, wanted: float, tolerance: float) -> None:
    score = score_of({"number": {"tolerance": tolerance, "relative": 0}}, found, wanted)
    assert score == float(math.isclose(found, wanted, rel_tol=0, abs_tol=tolerance))


def test_a_relative_tolerance_is_a_part_of_the_expected_number() -> None:
    assert score_of({"number": {"relative": 0.1}}, 109, 100) == 1
    assert score_of({"number": {"relative": 0.1}}, 111, 100) == 0
    assert score_of("number", 0.1 + 0.2, "0.3") == 1


@pytest.mark.parametrize(
    ("pattern", "output", "expected", "score"),
    [
        ("b+", "abc", None, 1),
        ("b+", "abc", "anything", 1),
        ("x", "abc", None, 0),
        (r"#### (\d+)", "#### 5 ... #### 72", "72", 1),
        (r"#### (\d+)", "#### 5 ... #### 72", 5, 0),
        (r"#### (\d+)", "72", 72, 0),
        (r"(a)|b", "b", "a", 0),
    ],
)
def test_a_pattern_is_found_or_its_group_is_the_answer(
    pattern: str, output: str, expected: Any, score: float
) -> None:
    assert score_of({"regex": pattern}, output, expected) == score


@pytest.mark.parametrize(
    ("output", "expected", "score"),
    [
        ("card_not_working", "card_not_working", 1),
        ("The intent is: Card_Not_Working.", "card_not_working", 1),
        ("top up or transfer", "transfer", 0),
        ("not working", "working", 0),
        ("not working", "not working", 1),
        ("working, not working", "not working", 0),
        ("nothing of these", "transfer", 0),
        ("not working, not working", "not working", 1),
        ("transfer or not working, top up", "top up", 0),
    ],
)
def test_a_choice_has_to_be_the_only_one_that_is_named(output: str, expected: str, score: float) -> None:
    choices = ["card_not_working", "top up", "transfer", "working", "not working"]
    assert score_of({"choice": choices}, output, expected) == score


@pytest.mark.parametrize(
    ("output", "expected", "score"),
    [
        (["a", "b"], ["b", "a"], 1),
        (["a", "b"], ["a"], 2 / 3),
        (["a"], [], 0),
        ([], [], 1),
        ("The red car.", "a red car", 2 / 3),
        ("red car", ["Red", "car"], 1),
        ([1, "x"], ["1", "X"], 1),
    ],
)
def test_a_set_is_scored_by_what_both_have(output: Any, expected: Any, score: float) -> None:
    assert score_of("set", output, expected) == pytest.approx(score)


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_f1_is_the_harmonic_mean_of_precision_and_recall(found: list[str], wanted: list[str]) -> None:
    both = (Counter(found) & Counter(wanted)).total()
    score = f1(Counter(found), Counter(wanted))
    assert score == f1(Counter(wanted), Counter(found))
    if both:
        precision, recall = both / len(found), both / len(wanted)
        assert score == pytest.approx(2 * precision * recall / (precision + recall))
    else:
        assert score == float(not found and not wanted)


def test_an_answer_that_is_an_object_is_judged_by_a_field() -> None:
    assert score_of("exact", {"label": "x", "confidence": 0.5}, "x") == 1
    assert score_of("exact", {"other": "x"}, "x") == 1
    assert score_of({"exact": {"field": "b"}}, {"label": "x", "b": "y"}, "y") == 1
    assert score_of({"exact": {"field": "c"}}, {"label": "x", "b": "y"}, "y") == 0
    assert score_of("exact", {"a": 1}, {"a": 1}) == 1


def test_the_reason_is_told_where_there_is_one() -> None:
    assert scorer_of("number").part_score("none", 5) == (0.0, "there is no number in the answer")
    assert scorer_of("contains").part_score("a", ["a", "b"]) == (0.5, "missing: b")
