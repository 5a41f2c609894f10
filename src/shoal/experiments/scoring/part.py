"""Which part of an answer is judged. Pure.

An answer that is no object is judged as it is, and so is an object where an object is expected. Of another object it is
a field: the one the scorer names; else the one named as the workload's answer; else the only one.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Part(NamedTuple):
    """What is judged; wrapped, for it may be ``None``."""

    value: Any


class Unclear(Exception):
    """An answer has several fields, and nothing says which counts."""


def judged_part(output: Any, expected: Any, field: str | None, answer: str | None) -> Part | None:
    """The part; ``None``: the answer has not the field that ``field`` names. Raises :class:`Unclear`."""
    if not isinstance(output, dict):
        return Part(output)
    if field is not None:
        return Part(output[field]) if field in output else None
    if isinstance(expected, dict):
        return Part(output)
    name = field_among(list(output), answer)
    if name is None:
        names = ", ".join(output) or "none"
        raise Unclear(f"name the field in the scorer's `field`; the answer has {names}")
    return Part(output[name])


def field_among(fields: list[str], answer: str | None) -> str | None:
    """Which of an object's fields is judged where the scorer names none; ``None``: nobody can say."""
    if answer is not None and answer in fields:
        return answer
    return fields[0] if len(fields) == 1 else None
