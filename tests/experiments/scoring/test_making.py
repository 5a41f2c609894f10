from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from shoal.experiments.errors import BadExperiment
from shoal.experiments.scoring.checking import MOST_PROBLEMS, check_scorer
from shoal.experiments.scoring.errors import ScorerFailed
from shoal.experiments.scoring.exact import Exact
from shoal.experiments.scoring.making import make_scorer
from shoal.experiments.scoring.spec import ExactSpec
from shoal.experiments.workload.spec import WorkloadSpec
from shoal.topologies.wiring.signature import OPEN, Signature
from tests.experiments.scoring.judging import scorer_of, task_of
from tests.experiments.workload.places import Names


class Label(BaseModel):
    label: str
    confidence: float


class Verdict(BaseModel):
    right: bool
    why: str


def answering(*kinds: type) -> Signature:
    return Signature({str: kinds})


def test_a_workload_with_answers_is_scored_by_exact_and_one_without_is_not_scored() -> None:
    assert isinstance(make_scorer(None, WorkloadSpec(tasks="x", answer="label"), Names()), Exact)
    assert make_scorer(None, WorkloadSpec(tasks="x"), Names()) is None


def test_a_scorer_that_compares_needs_answers() -> None:
    with pytest.raises(BadExperiment, match=r"score\.number: number compares with an expected answer"):
        scorer_of("number", answer=None)
    assert scorer_of({"regex": "a"}, answer=None).score("a", task_of(None)) == 1


@pytest.mark.parametrize(
    ("named", "problem"),
    [(5, "judges:Named is int, not a function"), (lambda: 1, "judges:Named cannot be called with")],
)
def test_what_cannot_be_a_scorer_is_told(named: Any, problem: str) -> None:
    with pytest.raises(BadExperiment, match=f"score.use: {problem}"):
        scorer_of({"use": "judges:Named"}, Named=named)


def test_what_is_judged_has_to_be_known_before_the_run() -> None:
    assert check_scorer(scorer_of("exact"), [task_of("x")], answering(Label)) == []
    assert check_scorer(scorer_of("exact"), [task_of("x")], answering(str)) == []
    assert check_scorer(scorer_of("exact"), [task_of("x")], OPEN) == []
    assert check_scorer(scorer_of("exact"), [task_of({"right": True})], answering(Verdict)) == []
    (unclear,) = check_scorer(scorer_of("exact"), [task_of("x")], answering(Label, Verdict))
    assert str(unclear) == (
        "score.exact.field: the team answers Verdict, and nothing says which of its fields is judged: right, why"
    )
    (missing,) = check_scorer(scorer_of({"exact": {"field": "lable"}}), [task_of("x")], answering(Label))
    assert str(missing) == (
        "score.exact.field: the team answers Label, which has no field 'lable'; it has label, confidence"
    )


@pytest.mark.parametrize(
    ("spec", "expected", "problem"),
    [
        ("number", "many", "'many' has no number in it"),
        ({"choice": ["yes", "no"]}, "maybe", "'maybe' is none of the choices"),
        ("contains", "", "it is empty: it cannot occur in an answer"),
    ],
)
def test_an_expected_answer_that_cannot_be_met_is_told(spec: Any, expected: Any, problem: str) -> None:
    found = check_scorer(scorer_of(spec), [task_of(expected)] * 50, OPEN)
    assert len(found) == MOST_PROBLEMS
    assert str(found[0]) == f"t.jsonl:1: task t1: expected: {problem}"


async def test_an_answer_of_which_nobody_can_say_what_is_judged_is_no_wrong_answer() -> None:
    scorer = scorer_of("exact")
    answer = {"right": True, "why": "x"}
    with pytest.raises(ScorerFailed, match="task t1: the scorer exact cannot tell what to judge") as failed:
        scorer.score(answer, task_of("x"))
    assert failed.value.details == {"task": "t1", "scorer": "exact"}
    judged = await scorer.judge(answer, task_of("x"))
    assert (judged.score, judged.failed) == (None, True)
    assert "the answer has right, why" in judged.why


class Broken(Exact):
    def part_score(self, part: object, expected: object) -> float:
        raise ZeroDivisionError("of the scorer")


async def test_a_scorer_that_raises_has_failed_and_nothing_else() -> None:
    judged = await Broken(ExactSpec()).judge("a", task_of("a"))
    assert judged == (None, "task t1: the scorer exact raised ZeroDivisionError: of the scorer", True)


async def test_judging_gives_the_score_with_its_reason() -> None:
    assert await scorer_of("number").judge("none", task_of(5)) == (
        0.0,
        "there is no number in the answer",
        False,
    )
    assert (await scorer_of("exact").judge("x", task_of(None))).why == "there is no expected answer"
