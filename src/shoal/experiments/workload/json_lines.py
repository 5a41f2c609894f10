"""Rows of a file with one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from shoal.experiments.errors import Problem
from shoal.experiments.workload.lines import lines_of
from shoal.experiments.workload.row import Found, Row, check_json

_NAMES = {
    list: "a list",
    str: "text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def read_json_lines(path: Path, shown: str, encoding: str) -> Iterator[Found]:
    """Each line's object. Empty lines are no cases. Raises ``OSError``."""
    for line in lines_of(path, shown, encoding):
        if isinstance(line, Problem):
            yield line
        elif not line.text.isspace():
            yield _row(line.text, shown, line.number)


def _row(text: str, shown: str, number: int) -> Found:
    try:
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_twins)
        check_json(value)  # 1e999 is infinite, and an escape can be half of a surrogate pair
    except json.JSONDecodeError as exc:
        return Problem(f"it is no JSON: {exc.msg} at column {exc.colno}", shown, number, remedy=_remedy(text))
    except RecursionError:
        return Problem("it is nested too deep", shown, number)
    except ValueError as exc:
        return Problem(str(exc), shown, number)
    if not isinstance(value, dict):
        return Problem(
            f"it is {_NAMES[type(value)]}; a case is an object, as {{...}}",
            shown,
            number,
            remedy=_remedy(text),
        )
    return Row(value, shown, number)


def _remedy(text: str) -> str:
    return "one object a line; a list over all of them is not read" if text.lstrip().startswith("[") else ""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it has {name}, which is no number in JSON")


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {twin!r} is there twice")
    return found
