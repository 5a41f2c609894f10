"""Problems as an error that keeps them, and an error's problems again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shoal.experiments.errors import BadExperiment, Problem, bad_experiment
from shoal.runtime.errors import ConfigError

FLAG = "--set"
"""What an override is written behind, and stands in the place of a file where one is wrong."""


def wrong(problems: Iterable[Problem]) -> BadExperiment:
    """The error of these problems, at least one, from which :func:`problems_of` gets them as they are."""
    return bad_experiment(in_order(problems))


def raise_problems(problems: Sequence[Problem]) -> None:
    """Raises ``BadExperiment`` when there are any."""
    if problems:
        raise wrong(problems)


def problems_of(error: ConfigError) -> list[Problem]:
    """The problems of an error, with the fields and places they have."""
    return [Problem(*one) for one in error.details.get("found", ())] or [Problem(error.text)]


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each once, by line; those of overrides behind those of the file."""
    return sorted(dict.fromkeys(problems), key=lambda one: (one.file.startswith(FLAG), one.line))
