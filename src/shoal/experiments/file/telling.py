"""Problems as an error that keeps them, and an error's problems again. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from shoal.experiments.errors import BadExperiment, Problem, bad_experiment
from shoal.runtime.errors import ConfigError

_FLAG = "--set"
_PLACED = re.compile(r"([^\s:][^:\n]*):(\d+): (.*)", re.DOTALL)
_FIELD = re.compile(r"([A-Za-z0-9_][^\s:]*): (.*)", re.DOTALL)


def wrong(problems: Iterable[Problem]) -> BadExperiment:
    """The error of these problems, at least one, from which :func:`problems_of` gets them as they are."""
    return bad_experiment(in_order(problems))


def raise_problems(problems: Sequence[Problem]) -> None:
    """Raises ``BadExperiment`` when there are any."""
    if problems:
        raise wrong(problems)


def problems_of(error: ConfigError) -> list[Problem]:
    """The problems of an error. Where it keeps lines only, their fields and places are read from what they say."""
    found = error.details.get("found")
    if found:
        return [Problem(*one) for one in found]
    return [_read(line) for line in error.details.get("problems") or [error.text]]


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each once, by line; those of overrides behind those of the file."""
    return sorted(dict.fromkeys(problems), key=lambda one: (one.file.startswith(_FLAG), one.line))


def _read(line: str) -> Problem:
    if placed := _PLACED.fullmatch(line):
        return Problem(placed[3], placed[1], int(placed[2]))
    if field := _FIELD.fullmatch(line):
        return Problem(field[2], field=field[1])
    return Problem(line)
