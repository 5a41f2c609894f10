"""By what a run's answers were judged: only scores of one scale are held against each other. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from shoal.experiments.scoring.spec import ScorerSpec

NOT_JUDGED = "nothing"
"""The scale of a run without a scorer."""


def scale_of(spec: Mapping[str, Any]) -> str:
    """By what the runs of this experiment, as ``experiment.json`` has it, are judged: ``number (tolerance 0.1)``.

    The same text for two that judge in the same way, also where one of them writes out what the other leaves to the
    default. What a function of the user's does is not looked at, only which one it is.
    """
    workload = spec.get("workload")
    answer = workload.get("answer") if isinstance(workload, Mapping) else None
    score = spec.get("score") or ({"exact": {}} if answer is not None else None)
    if score is None:
        return NOT_JUDGED
    kind, settings = _kind_and_settings(score)
    if kind != "use" and answer is not None:
        settings.setdefault("field", answer)  # where nothing else is said, that part of an answer counts
    said = ", ".join(f"{name} {settings[name]!r}" for name in sorted(settings))
    return f"{kind} ({said})" if said else kind


def _kind_and_settings(score: Any) -> tuple[str, dict[str, Any]]:
    """The scorer's name, and its settings that are not the defaults."""
    try:
        scorer = ScorerSpec.model_validate(score)
    except ValidationError:  # as with a variable of the environment for a number: as it is written down
        return str(score), {}
    return scorer.kind, scorer.judging.model_dump(mode="json", exclude_defaults=True)
