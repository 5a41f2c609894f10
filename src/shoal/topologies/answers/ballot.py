"""When two answers are the same: what of them is compared, and who stands by what. Pure.

Texts are the same when they differ only in case, white space and Unicode form (NFKC); sets whatever their order;
objects field by field. What a model says *about* its answer is not compared with what others say about theirs: of whole
answers the fields in :data:`BESIDES` are left out, unless there are no others.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from typing import Any, NamedTuple

from pydantic import BaseModel

from shoal.topologies.answers.aggregate import Position
from shoal.topologies.wiring.excerpt import excerpt

BESIDES = frozenset(
    {"confidence", "evidence", "explanation", "rationale", "reason", "reasoning", "sources", "why"}
)
"""How sure somebody is, and why: two who agree need not say the same here."""
_SHOWN = 200
_encode = json.JSONEncoder(sort_keys=True).encode  # made once: json.dumps makes one for each call
Weight = int | Fraction


def value_of(answer: Any, field: str) -> Any:
    """The part of an answer that is compared; all of it without a ``field``. ``None`` where there is none."""
    if not field:
        return answer
    return answer.get(field) if isinstance(answer, dict) else getattr(answer, field, None)


def ballot(value: Any, *, exact: bool = False) -> str:
    """What two values have to have in common to be the same, as text. ``exact``: texts as they are written."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return f"'{_words(value, exact)}"
    fields = _fields(value)
    if fields is not None and not exact:
        value = {name: each for name, each in fields.items() if name not in BESIDES} or fields
    return _encode(_comparable(value, exact))


class Stand(NamedTuple):
    """Those who gave the same answer."""

    ballot: str
    names: tuple[str, ...]
    weight: Weight


def stands(ballots: Mapping[str, str], weights: Mapping[str, Weight]) -> list[Stand]:
    """Who gave which ballot, most weight first; among equals, those who come first. A weight not given is 1."""
    names: dict[str, list[str]] = {}
    for name, key in ballots.items():
        names.setdefault(key, []).append(name)
    found = [
        Stand(key, tuple(by), sum(weights.get(name, 1) for name in by) if weights else len(by))
        for key, by in names.items()
    ]
    return sorted(found, key=lambda stand: -stand.weight)


def ballots(values: Mapping[str, Any], *, exact: bool = False) -> dict[str, str]:
    """Of each value."""
    return {name: ballot(value, exact=exact) for name, value in values.items()}


def positions(values: Mapping[str, Any], found: list[Stand]) -> tuple[Position, ...]:
    """The same for people: each value in the words of the first who gave it."""
    return tuple(
        Position(text=excerpt(values[one.names[0]], _SHOWN), by=one.names, weight=float(one.weight))
        for one in found
    )


def _fields(value: Any) -> dict[str, Any] | None:
    if isinstance(value, BaseModel):
        return {name: getattr(value, name) for name in type(value).model_fields}
    return value if isinstance(value, dict) else None


def _comparable(value: Any, exact: bool) -> Any:
    if isinstance(value, Enum):
        return _comparable(value.value, exact)
    if isinstance(value, str):
        return _words(value, exact)
    fields = _fields(value)
    if fields is not None:
        return {str(name): _comparable(each, exact) for name, each in fields.items()}
    if isinstance(value, list | tuple):
        return [_comparable(each, exact) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(_encode(_comparable(each, exact)) for each in value)
    return value if value is None or isinstance(value, bool | int | float) else repr(value)


def _words(text: str, exact: bool) -> str:
    if exact:
        return text
    # Case folding can undo the form: normalized after it, too.
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    folded = folded.casefold()
    return " ".join((folded if folded.isascii() else unicodedata.normalize("NFKC", folded)).split())
