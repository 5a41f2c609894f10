"""Overrides: ``budget.usd=0.5`` puts a value into the data of an experiment file. Pure.

Fields are named with dots, entries of lists by their index from 0 (or one past the end: added). A name that has dots
itself is found where it is there, the longest first; else it stands in quotation marks. The value is read as YAML;
``null`` takes the field away.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shoal.experiments.errors import BadExperiment, Problem
from shoal.experiments.file.places import Path, dotted, split_dotted
from shoal.experiments.file.telling import FLAG, problems_of
from shoal.experiments.file.yaml_tree import parse_value


class Override(NamedTuple):
    """One of them, as it was given."""

    text: str
    path: Path
    value: Any

    @property
    def place(self) -> str:
        """What a problem with it names in place of a file."""
        return f"{FLAG} {self.text}"


def parse_override(text: str) -> Override | Problem:
    """``field.in.field=value``, or what is wrong with it."""
    name, equals, value = text.partition("=")
    path = split_dotted(name.strip())
    if not equals or not path or not all(path):
        return Problem("expected field=value", f"{FLAG} {text}", remedy=f"as in {FLAG} budget.usd=0.5")
    try:
        return Override(text, path, parse_value(value))
    except BadExperiment as exc:
        said = problems_of(exc)[0].what
        return Problem(
            f"the value cannot be read: {said}", f"{FLAG} {text}", remedy="put it in quotation marks"
        )


def apply_override(data: dict[str, Any], override: Override) -> tuple[dict[str, Any], Path] | Problem:
    """New data with the value in its place, and the path it was put to; the data given is left as it is."""
    done: list[str | int] = []
    try:
        return _put(data, override.path, override.value, done), tuple(done)
    except _NoPlaceError as exc:
        return Problem(str(exc), override.place, field=dotted(done))


class _NoPlaceError(Exception):
    pass


def _put(data: Any, path: Path, value: Any, done: list[str | int]) -> Any:
    name, rest = path[0], path[1:]
    if isinstance(data, list):
        return _put_in_list(data, str(name), rest, value, done)
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise _NoPlaceError(f"found {data!r}, which has no field {name!r}")
    name, rest = _next_key(data, [str(part) for part in path])
    done.append(name)
    if not rest:
        kept = {key: one for key, one in data.items() if key != name}
        return kept if value is None else {**data, name: value}
    return {**data, name: _put(data.get(name), rest, value, done)}


def _next_key(data: dict[Any, Any], parts: list[str]) -> tuple[Any, Path]:
    """The key that is meant, which may have dots, or in a program's form be something else than text; and the rest."""
    by_text = {str(key): key for key in data}
    for end in range(len(parts), 0, -1):
        if (name := ".".join(parts[:end])) in by_text:
            return by_text[name], tuple(parts[end:])
    return parts[0], tuple(parts[1:])


def _put_in_list(data: list[Any], name: str, rest: Path, value: Any, done: list[str | int]) -> list[Any]:
    if not name.isdecimal() or int(name) > len(data):
        most = f"0 to {len(data)}" if data else "0"
        raise _NoPlaceError(f"found the index {name!r} of a list of {len(data)}; expected {most}")
    index = int(name)
    done.append(index)
    if not rest:
        return [*data[:index], *([] if value is None else [value]), *data[index + 1 :]]
    inner = data[index] if index < len(data) else None
    return [*data[:index], _put(inner, rest, value, done), *data[index + 1 :]]
