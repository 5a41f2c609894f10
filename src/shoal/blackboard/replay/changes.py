"""What differs between two pieces of data, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, Final, NamedTuple

from shoal.runtime.redaction import redact_data
from shoal.runtime.terminal.text import key_text


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
"""Stands for a field or element that is not there."""


class Change(NamedTuple):
    """One field or element that differs."""

    path: str
    """Where: ``spec.steps[2].name``; empty: the whole of it."""
    before: Any
    """:data:`ABSENT`: it was added."""
    after: Any
    """:data:`ABSENT`: it was removed."""


def redacted(change: Change) -> Change:
    """The change without secrets, to be shown."""
    path, before, after = change
    return Change(path, redact_data(before, path), redact_data(after, path))


def changes(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """The innermost differences, in the order of ``before``'s fields, then of the new ones.

    Lists are the same as far as they begin and end alike; what is between is compared one by one.
    """
    if type(before) is dict and type(after) is dict:
        yield from _in_maps(before, after, path)
    elif type(before) is list and type(after) is list:
        yield from _in_lists(before, after, path)
    elif not same(before, after):
        yield Change(path, before, after)


def same(before: Any, after: Any) -> bool:
    """Whether two pieces of data are equal, and of the same types: ``1`` is neither ``1.0`` nor ``True``."""
    if type(before) is not type(after):
        return False
    if type(before) is dict:
        return before.keys() == after.keys() and all(same(one, after[key]) for key, one in before.items())
    if type(before) is list:
        return len(before) == len(after) and all(map(same, before, after))
    return bool(before == after) or (before != before and after != after)  # nan


def _in_maps(before: dict[Any, Any], after: dict[Any, Any], path: str) -> Iterator[Change]:
    for key in dict.fromkeys((*before, *after)):
        inner = _field(path, key)
        if key not in after:
            yield Change(inner, before[key], ABSENT)
        elif key not in before:
            yield Change(inner, ABSENT, after[key])
        else:
            yield from changes(before[key], after[key], inner)


def _in_lists(before: list[Any], after: list[Any], path: str) -> Iterator[Change]:
    begin = 0
    least = min(len(before), len(after))
    while begin < least and same(before[begin], after[begin]):
        begin += 1
    end = 0
    while end < least - begin and same(before[-1 - end], after[-1 - end]):
        end += 1
    old, new = before[begin : len(before) - end], after[begin : len(after) - end]
    for place in range(max(len(old), len(new))):
        inner = f"{path}[{begin + place}]"
        if place >= len(new):
            yield Change(inner, old[place], ABSENT)
        elif place >= len(old):
            yield Change(inner, ABSENT, new[place])
        else:
            yield from changes(old[place], new[place], inner)


def _field(path: str, key: Any) -> str:
    text = key_text(key)
    if type(key) is str and text == key:
        return f"{path}.{text}" if path else text
    return f"{path}[{text}]"
