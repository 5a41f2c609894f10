"""The source's side of an activation: what its controller sends, and how that becomes a call of the declared method."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from typing import Any, NamedTuple, Union

from pydantic import BaseModel, ConfigDict

from shoal.blackboard.entry import Event, decode_value, event_from
from shoal.blackboard.version import Value, Version
from shoal.blackboard.version_packing import unpack_version
from shoal.runtime.codec import NATIVE, message, tag_of
from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError, InvalidMessage

Kinds = tuple[type, ...] | None
"""The types of values that wake a source; ``None``: all."""
MARK = "__shoal_on_board__"
"""The attribute of a declared function with its declarations."""
_SHAPE = "__shoal_shape__"


@message("shoal.wake")
class Wake(BaseModel):
    """Asks a knowledge source to do one activation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trigger: str
    """Its method."""
    version: bytes
    """The change, packed."""


async def on_board_wake(self: Any, wake: Wake, ctx: Context) -> None:
    """Handler of every agent with an ``on_board`` method."""
    method = getattr(self, wake.trigger, None)
    if not hasattr(method, MARK):
        raise ConfigError(f"{type(self).__name__} declares no on_board method {wake.trigger!r}")
    assert method is not None
    await call_source(method, wake, ctx)


async def call_source(function: Callable[..., Any], wake: Wake, ctx: Context) -> None:
    """Call a declared function, or method of an agent, with the event.

    Raises what it raises, and ``InvalidMessage`` for a value of another type than it is annotated with.
    """
    plain = getattr(function, "__func__", function)
    shape = shape_of(plain, is_method=plain is not function)
    event = event_as(unpack_version(wake.version), shape.kinds)
    await (function(event, ctx) if shape.wants_context else function(event))


class Shape(NamedTuple):
    """What a declared function takes."""

    kinds: Kinds
    wants_context: bool


def shape_of(function: Callable[..., Any], *, is_method: bool) -> Shape:
    """Read the signature of a function, or of what is a method in its class. Raises ``ConfigError`` for one that no
    event could be given to.

    It is kept with the function: where that goes as code to another process, the names in its annotations do not.
    """
    shape: Shape | None = getattr(function, _SHAPE, None)
    if shape is None:
        shape = _read_shape(function, is_method)
        setattr(function, _SHAPE, shape)
    return shape


def _read_shape(function: Callable[..., Any], is_method: bool) -> Shape:
    name = function.__qualname__
    parameters = [
        p
        for p in list(inspect.signature(function).parameters.values())[int(is_method) :]
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if not 1 <= len(parameters) <= 2:
        raise ConfigError(f"{name} must take (event) or (event, ctx), not {len(parameters)} parameters")
    return Shape(_kinds(_annotation(function, parameters[0].name, name), name), len(parameters) == 2)


def _annotation(function: Callable[..., Any], parameter: str, name: str) -> Any:
    closure = inspect.getclosurevars(function).nonlocals
    try:
        return typing.get_type_hints(function, localns=dict(closure)).get(parameter, Any)
    except NameError as exc:
        raise ConfigError(
            f"{name}: the annotation names {exc.name!r}, which cannot be seen from its module. Define that class at "
            "module level, or leave out `from __future__ import annotations` in this file"
        ) from exc
    except Exception as exc:  # an annotation is code
        raise ConfigError(f"{name}: its annotations cannot be read: {type(exc).__name__}: {exc}") from exc


def _kinds(annotation: Any, name: str) -> Kinds:
    if annotation is Any or annotation is Event:
        return None
    if typing.get_origin(annotation) is not Event:
        raise ConfigError(f"{name} is woken with a shoal.Event[Type], not with {annotation!r}")
    (value,) = typing.get_args(annotation)
    if value is Any or value is object:
        return None
    parts = typing.get_args(value) if typing.get_origin(value) in (Union, types.UnionType) else (value,)
    return tuple(_kind(part, name) for part in parts)


def _kind(part: Any, name: str) -> type:
    plain = typing.get_origin(part) or part
    if isinstance(plain, type) and (plain in NATIVE or issubclass(plain, BaseModel)):
        return plain
    raise ConfigError(
        f"{name}: {part!r} is no type of a value on a board: use a Pydantic model or a native type"
    )


def fits(value: Value, kinds: Kinds) -> bool:
    """Whether a value is of one of the types. A model may have been put as its fields."""
    return kinds is None or _kind_of(value, kinds) is not None


def event_as(version: Version, kinds: Kinds) -> Event[Any]:
    """The event, its value of one of the types. Raises ``InvalidMessage`` for another, or one that is not valid."""
    if version.value is None or kinds is None:
        return event_from(version)
    kind = _kind_of(version.value, kinds)
    if kind is None and version.value.tag == "dict" and len(kinds) == 1:
        return event_from(version, kinds[0])  # which says what of it does not fit
    if kind is None:
        wanted = " or ".join(one.__name__ for one in kinds)
        raise InvalidMessage(f"{version.key!r} holds a {version.value.tag}, not a {wanted}")
    return event_from(version, kind)


def _kind_of(value: Value, kinds: tuple[type, ...]) -> type | None:
    for kind in kinds:
        tag = tag_of(kind)
        if value.tag == tag or (tag == "float" and value.tag == "int"):
            return kind
    if value.tag != "dict":
        return None
    for kind in kinds:
        if kind not in NATIVE:
            try:
                decode_value(value, kind)
            except InvalidMessage:
                continue
            return kind
    return None
