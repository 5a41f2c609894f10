"""Types of what an experiment file says of messages and answers: found, or made where the file has the fields itself.

The same fields make the same class, with the same tag in every process: answers that were recorded are read again
after a resume, and what one member answers another can take.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import reduce
from hashlib import blake2b
from operator import or_
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

from shoal.experiments.teams.shapes import Choices, Shape
from shoal.runtime.codec import message

Find = Callable[[str, str], Any]
"""An import path, and the field that has it, to what is there."""
_PLAIN: dict[str, Any] = {
    "str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict, "None": type(None),
}  # fmt: skip
_made: dict[str, type[BaseModel]] = {}
_NAMED = 3


def type_of(name: str, field: str, find: Find) -> Any:
    """The type of a name; a union of several. Raises what ``find`` raises, and ``TypeError`` for what is no type."""
    found = [
        _PLAIN[part] if part in _PLAIN else find(part, field)
        for part in (one.strip() for one in name.split("|"))
    ]
    for one, part in zip(found, name.split("|"), strict=True):
        if not (isinstance(one, type) or hasattr(one, "__origin__") or hasattr(one, "__args__")):
            raise TypeError(f"{part.strip()} is of type {type(one).__name__}, not a type")
    return reduce(or_, found)


def shape_of(shape: Shape, field: str, find: Find) -> Any:
    """The type of a shape. Raises as :func:`type_of`."""
    root = shape.root
    if isinstance(root, str):
        return type_of(root, field, find)
    if isinstance(root, Choices):
        return Literal[tuple(root.choices)]
    if isinstance(root, list):
        inner: Any = shape_of(root[0], f"{field}.0", find)
        return list[inner]
    return _model_of(root, field, find)


def _model_of(fields: dict[str, Shape], field: str, find: Find) -> type[BaseModel]:
    types = {name: shape_of(shape, f"{field}.{name}", find) for name, shape in fields.items()}
    written = json.dumps({name: shape.model_dump(mode="json") for name, shape in fields.items()})
    # What an import path leads to is part of it: two files may mean different classes by the same words.
    key = f"{written} {[_identity(one) for one in types.values()]}"
    if key not in _made:
        _made[key] = _made_of(types, blake2b(written.encode(), digest_size=8).hexdigest())
    return _made[key]


def _made_of(types: dict[str, Any], digest: str) -> type[BaseModel]:
    name = "".join(one.removesuffix("?").title().replace("_", "") for one in list(types)[:_NAMED])
    fields: dict[str, Any] = {
        one.removesuffix("?"): (kind | None, None) if one.endswith("?") else (kind, ...)
        for one, kind in types.items()
    }
    made = create_model(name, __config__=ConfigDict(frozen=True, extra="forbid"), **fields)
    return message(f"shape.{digest}")(made)


def _identity(kind: Any) -> str:
    return f"{id(kind)}" if isinstance(kind, type) and kind not in _PLAIN.values() else str(kind)
