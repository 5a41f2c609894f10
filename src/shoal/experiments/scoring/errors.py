"""The error of scoring."""

from __future__ import annotations

from shoal.experiments.errors import ExperimentError


class ScorerFailed(ExperimentError):
    """An answer could not be judged: the scorer is wrong, not the answer. ``details``: ``task``, ``scorer``."""


class CannotJudge(Exception):
    """Why a scorer cannot judge an answer, as the rest of a sentence that begins with the scorer's name."""
