"""What of an experiment decides its results."""

from __future__ import annotations

from typing import Any

import pytest

from shoal.experiments.running.differences import decisive

WORKLOAD = {"tasks": "tickets.jsonl", "answer": "label"}


@pytest.mark.parametrize("score", [None, "exact", {"exact": {}}])
def test_a_scorer_that_is_written_out_is_the_one_that_is_left_to_the_default(score: Any) -> None:
    assert decisive({"workload": WORKLOAD, "score": score}, "") == decisive({"workload": WORKLOAD}, "")


@pytest.mark.parametrize("other", [{"score": "contains"}, {"workload": {**WORKLOAD, "answer": "area"}}])
def test_another_scorer_and_another_answer_are_told(other: dict[str, Any]) -> None:
    mine, theirs = decisive({"workload": WORKLOAD}, ""), decisive({"workload": WORKLOAD, **other}, "")
    assert [field for field in mine if mine[field] != theirs[field]] == ["score"]
