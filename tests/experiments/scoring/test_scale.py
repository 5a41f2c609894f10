"""By what answers were judged, as a text that is the same where it was done in the same way."""

from __future__ import annotations

from typing import Any

import pytest

from shoal.experiments.scoring.scale import scale_of


@pytest.mark.parametrize(
    ("spec", "scale"),
    [
        ({"workload": {"tasks": "t.jsonl"}}, "nothing"),
        ({"workload": {"tasks": "t.jsonl", "answer": "label"}}, "exact (field 'label')"),
        ({"workload": {"answer": "label"}, "score": {"exact": {}}}, "exact (field 'label')"),
        ({"workload": {"answer": "label"}, "score": None}, "exact (field 'label')"),
        (
            {"workload": {"answer": "label"}, "score": {"exact": {"strip": True, "ignore_case": False}}},
            "exact (field 'label')",
        ),
        (
            {"workload": {"answer": "label"}, "score": {"exact": {"field": "kind", "ignore_case": True}}},
            "exact (field 'kind', ignore_case True)",
        ),
        (
            {"workload": {"answer": "n"}, "score": {"number": {"tolerance": 0.1}}},
            "number (field 'n', tolerance 0.1)",
        ),
        ({"workload": {"tasks": "t.jsonl"}, "score": {"regex": "[0-9]+"}}, "regex (pattern '[0-9]+')"),
        (
            {"workload": {"answer": "label"}, "score": {"use": {"function": "judging:mild"}}},
            "use (function 'judging:mild')",
        ),
    ],
)
def test_what_judges_is_named_with_all_that_is_not_the_default(spec: dict[str, Any], scale: str) -> None:
    assert scale_of(spec) == scale


def test_a_scorer_that_cannot_be_read_any_more_is_named_as_it_is_written_down() -> None:
    written: dict[str, Any] = {
        "workload": {"answer": "n"},
        "score": {"number": {"tolerance": "${TOLERANCE}"}},
    }
    assert "${TOLERANCE}" in scale_of(written)
    assert scale_of(written) == scale_of(dict(written))
