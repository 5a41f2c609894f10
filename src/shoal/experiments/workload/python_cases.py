"""Cases that Python gives: those written in the experiment, an iterable, or a function that returns one."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

from pydantic import BaseModel

from shoal.experiments.errors import Problem
from shoal.experiments.theirs import place_in_brackets, text_of
from shoal.experiments.workload.row import Found, Row, as_json, check_text

_EXPECTED = "give an iterable of dicts, Pydantic models or texts, or a function that returns one"


def read_python(value: Any, shown: str) -> Iterator[Found]:
    """The cases of an iterable, or of what a function returns. ``shown`` is how the experiment names it.

    What it raises becomes a problem with its file and line, and ends the reading; ``sys.exit()`` too.
    """
    number = 0
    try:
        cases = _iterable(value)
        if isinstance(cases, str):
            yield Problem(cases, shown, remedy=_EXPECTED)
            return
        for number, case in enumerate(cases, 1):
            yield _row(case, shown, number)
    except (Exception, SystemExit) as exc:
        behind = f" behind case {number}" if number else ""
        yield Problem(f"it raised {text_of(exc)}{behind}{place_in_brackets(exc)}", shown)


def _iterable(value: Any) -> Iterable[Any] | str:
    """The iterable, or what is wrong with the value."""
    if callable(value) and not isinstance(value, Iterable):
        if inspect.iscoroutinefunction(value) or inspect.isasyncgenfunction(value):
            return "it is an async function"
        value = value()
    if isinstance(value, AsyncIterable):
        return "it is an async iterable"
    if isinstance(value, str | bytes | Mapping | BaseModel) or not isinstance(value, Iterable):
        return f"it is {type(value).__name__}, not an iterable of cases"
    return value


def _row(case: Any, shown: str, number: int) -> Found:
    try:
        if isinstance(case, str):
            check_text(case)
            return Row(case, shown, number)
        if isinstance(case, BaseModel):
            # A model is a message as a rule: its id is a field of it, and belongs to the input.
            fields = as_json(case)
            return Row(fields, shown, number, shown=tuple(fields))
        if isinstance(case, Mapping) or (is_dataclass(case) and not isinstance(case, type)):
            return Row(as_json(dict(case) if isinstance(case, Mapping) else case), shown, number)
    except ValueError as exc:
        return Problem(str(exc), shown, number)
    return Problem(f"it is {type(case).__name__}; a case is a dict, a Pydantic model or text", shown, number)
