"""Errors of experiments.

::

    ExperimentError             an experiment cannot be had as it was asked for
    ├── BadExperiment           an experiment file is wrong; has every problem found, each with its place
    ├── BadWorkload             the workload's data is wrong; names file and line
    ├── NotAnExperiment         the run is one of another program, not of an experiment
    ├── NothingToCompare        the runs given cannot be held against each other; says why
    └── Diverged                a replayed task went another way than the recorded one; says where

The first two are found before anything is started. The command line ends with status 2 for them, and with 1 for others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from shoal.runtime.errors import ConfigError, ShoalError


class Problem(NamedTuple):
    """One thing that is wrong in a file."""

    what: str
    """What was found and what is expected, in one sentence."""
    file: str = ""
    line: int = 0
    """From 1; 0: the whole file."""
    field: str = ""
    """As ``team.workers.billing.llm.prompt``."""
    remedy: str = ""
    """What to do, where that is not clear from the sentence: ``did you mean 'topology'?``."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        parts = [part for part in (place, self.field) if part]
        said = f"{self.what} ({self.remedy})" if self.remedy else self.what
        return ": ".join([*parts, said])


class ExperimentError(ShoalError):
    """An experiment cannot be had as it was asked for."""


class BadExperiment(ExperimentError, ConfigError):
    """An experiment file is wrong. ``details['problems']``: one line for each problem."""


class BadWorkload(ExperimentError, ConfigError):
    """The workload's data is wrong. ``details['problems']``: one line for each problem."""


class NotAnExperiment(ExperimentError):
    """The run is one of another program: it has no experiment."""


class NothingToCompare(ExperimentError):
    """The runs given cannot be held against each other."""


class Diverged(ExperimentError):
    """A replayed task went another way than the recorded one. ``details``: ``agent``, ``what``."""


_SHOWN = 20


def bad_experiment(problems: Iterable[Problem]) -> BadExperiment:
    """The error of these problems, at least one: a line each. ``details["found"]`` has their fields."""
    text, details = _told(problems)
    return BadExperiment(text, **details)


def bad_workload(problems: Iterable[Problem]) -> BadWorkload:
    """The error of these problems, at least one: a line each. ``details["found"]`` has their fields."""
    text, details = _told(problems)
    return BadWorkload(text, **details)


def _told(problems: Iterable[Problem]) -> tuple[str, dict[str, Any]]:
    found = list(problems)
    lines = [str(problem) for problem in found]
    more = len(lines) - _SHOWN
    text = "\n".join(lines[:_SHOWN]) + (f"\nand {more} more" if more > 0 else "")
    return text, {"problems": lines, "found": [tuple(problem) for problem in found]}
