"""Which fields there are at a place of an experiment, so that a misspelled one can be told what it is near to. Pure."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Union

from pydantic import BaseModel

from shoal.experiments.file.places import Path

_DEEPEST = 30


@dataclass(frozen=True)
class Like:
    """Among a field's metadata: its value has the fields of this model, though it is no instance of it."""

    model: type[BaseModel]


def fields_at(model: type[BaseModel], path: Path, data: Any) -> list[str]:
    """The names of the fields of what stands at ``path``, where several things can: of what ``data`` is nearest to."""
    found = list(dict.fromkeys(_models(model, path, _DEEPEST)))
    for part in path:
        if isinstance(data, dict):
            data = data.get(part)
        else:
            data = data[part] if isinstance(data, list) and isinstance(part, int) else None
    keys = set(data) if isinstance(data, dict) else set()
    fitting = [one for one in found if _could_be(one, data)] or found
    most = max((_likeness(one, keys) for one in fitting), default=0)
    nearest = [one for one in fitting if _likeness(one, keys) == most]
    return list(dict.fromkeys(name for one in nearest for name in names_of(one)))


def names_of(model: type[BaseModel]) -> list[str]:
    """The fields of a model by the names they have in a file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _likeness(model: type[BaseModel], keys: set[Any]) -> int:
    return len(keys & set(names_of(model)))


def _could_be(model: type[BaseModel], data: Any) -> bool:
    """Whether no field that has one value only, as ``topology``, has another."""
    if not isinstance(data, dict):
        return True
    for name, field in model.model_fields.items():
        only = typing.get_args(field.annotation) if typing.get_origin(field.annotation) is Literal else ()
        if only and name in data and data[name] not in only:
            return False
    return True


def _models(annotation: Any, path: Path, deep: int) -> Iterator[type[BaseModel]]:
    if deep < 0:
        return
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        yield from _models(typing.get_args(annotation)[0], path, deep - 1)
    elif origin in (Union, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _models(part, path, deep - 1)
    elif hasattr(annotation, "__value__"):  # a type that was given a name
        yield from _models(annotation.__value__, path, deep - 1)
    elif origin is not None and path:
        inner = typing.get_args(annotation)
        if inner:
            yield from _models(inner[-1] if origin is dict else inner[0], path[1:], deep - 1)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _models_in(annotation, path, deep)


def _models_in(model: type[BaseModel], path: Path, deep: int) -> Iterator[type[BaseModel]]:
    if not path:
        yield model
        if model.__pydantic_root_model__:
            yield from _models(model.model_fields["root"].annotation, path, deep - 1)
        return
    if model.__pydantic_root_model__:
        yield from _models(model.model_fields["root"].annotation, path, deep - 1)
        return
    for name, field in model.model_fields.items():
        if path[0] in (name, field.alias):
            for like in (one for one in field.metadata if isinstance(one, Like)):
                yield from _models(like.model, path[1:], deep - 1)
            yield from _models(field.annotation, path[1:], deep - 1)
