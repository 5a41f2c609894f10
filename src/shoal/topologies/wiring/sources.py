"""What an agent states as fact, with where it has it from. Pure.

An answer carries sources in two ways: a field ``sources`` of its own, or :class:`Claim` objects anywhere in it, each
with its own. An edge with ``require_sources`` lets nothing pass that has neither, or has them empty.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict

_FIELD = "sources"


class Claim(BaseModel):
    """One thing that is said to be so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    sources: tuple[str, ...] = ()
    """Where it is from: a document, a passage, a URL, an entry of the board, the agent that was asked."""


def missing_sources(answer: Any) -> str:
    """What an answer lacks; empty when every claim in it has a source."""
    found = False
    for where, sources in _sources(answer, "", set()):
        found = True
        if not [source for source in sources if str(source).strip()]:
            return f"{where or 'the answer'} names no source"
    return "" if found else f"{type(answer).__name__} has neither a field `sources` nor claims"


def can_have_sources(kind: type) -> bool:
    """Whether answers of this type can carry sources: by its own fields, or those of models in it."""
    return _declares(kind, set())


def _sources(value: Any, where: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(value) in seen:
        return
    if isinstance(value, BaseModel):
        seen = seen | {id(value)}
        fields = {name: getattr(value, name, None) for name in type(value).model_fields}
    elif isinstance(value, dict):
        fields = {str(key): entry for key, entry in value.items()}
    elif isinstance(value, list | tuple):
        for index, entry in enumerate(value):
            yield from _sources(entry, f"{where}[{index}]", seen)
        return
    else:
        return
    for name, entry in fields.items():
        if name == _FIELD:
            yield where, [entry] if isinstance(entry, str) else list(entry or ())
        else:
            yield from _sources(entry, f"{where}.{name}" if where else name, seen)


def _declares(kind: Any, seen: set[Any]) -> bool:
    if typing.get_origin(kind) is not None:
        return any(_declares(part, seen) for part in typing.get_args(kind))
    if kind in (dict, list, tuple, Any, object):
        return True  # only the answer itself will tell
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)) or kind in seen:
        return False
    seen.add(kind)
    fields = kind.model_fields
    return _FIELD in fields or any(_declares(field.annotation, seen) for field in fields.values())
