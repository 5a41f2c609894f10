"""Reads a handler's signature: which message it accepts, whether it wants the context, what it returns."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Union

from pydantic import BaseModel, TypeAdapter

from shoal.runtime.behavior import Check, Handler
from shoal.runtime.codec import NATIVE
from shoal.runtime.errors import ConfigError


def handlers_of(function: Callable[..., Awaitable[Any]], name: str) -> list[Handler]:
    """The handlers a coroutine function ``(message[, ctx]) -> reply`` makes: one for each type of a union.

    Raises :class:`ConfigError` naming ``name`` when the signature cannot be one of a handler.
    """
    if inspect.isasyncgenfunction(function):
        raise ConfigError(
            f"{name} is an async generator, and a handler answers once: `return` it, without `yield`"
        )
    if not inspect.iscoroutinefunction(function):
        raise ConfigError(
            f"{name} must be an `async def`: a handler that blocks would stop its whole process"
        )
    declared = inspect.signature(function).parameters.values()
    for p in declared:
        if p.kind is p.KEYWORD_ONLY and p.default is p.empty:
            raise ConfigError(
                f"{name}: nobody could give it {p.name!r}, which is keyword-only and has no default"
            )
    parameters = [p for p in declared if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if not 1 <= len(parameters) <= 2:
        raise ConfigError(f"{name} must take (message) or (message, ctx), not {len(parameters)} parameters")
    hints = _hints(function, name)
    accepted = hints.get(parameters[0].name, inspect.Parameter.empty)
    if accepted is inspect.Parameter.empty:
        raise ConfigError(f"{name}: annotate {parameters[0].name!r} with the message type it handles")
    for second in parameters[1:]:
        _check_takes_context(second.name, hints.get(second.name), name)
    call = function if len(parameters) == 2 else _without_context(function)
    returns: Any = hints.get("return")
    if typing.get_origin(returns) is Annotated:
        returns = returns.__origin__
    return [Handler(name, call, kind, returns, check) for kind, check in _kinds(accepted, name)]


def _check_takes_context(second: str, annotation: Any, name: str) -> None:
    """The second parameter is given the context: one that is annotated with messages was meant for something else."""
    union = typing.get_origin(annotation) in (Union, types.UnionType)
    parts = typing.get_args(annotation) if union else (annotation,)
    said = [typing.get_origin(part) or part for part in parts if part not in (None, type(None))]
    if said and all(
        isinstance(kind, type) and (kind in NATIVE or issubclass(kind, BaseModel)) for kind in said
    ):
        raise ConfigError(
            f"{name} must take (message) or (message, ctx), and its second parameter {second!r} is annotated with "
            f"{said[0].__name__}: an agent gets one message; make a model of both"
        )


def _without_context(function: Callable[..., Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    def call(message: Any, ctx: Any) -> Awaitable[Any]:
        return function(message)

    return call


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    while isinstance(function, functools.partial):
        function = function.func
    plain = inspect.unwrap(getattr(function, "__func__", function))
    closure = inspect.getclosurevars(plain).nonlocals if hasattr(plain, "__closure__") else {}
    try:
        return typing.get_type_hints(plain, localns=dict(closure), include_extras=True)
    except NameError as exc:
        raise ConfigError(
            f"{name}: the annotation names {exc.name!r}, which cannot be seen from its module. Define that class at "
            "module level, or leave out `from __future__ import annotations` in this file"
        ) from exc
    except Exception as exc:  # an annotation is code: `module.Missing`, `1 +`, anything
        raise ConfigError(f"{name}: its annotations cannot be read: {type(exc).__name__}: {exc}") from exc


def _kinds(accepted: Any, name: str) -> list[tuple[type, Check | None]]:
    """The types an annotation names, each with the check of what its annotation says beyond the type."""
    if typing.get_origin(accepted) is Annotated:
        inside = _kinds(accepted.__origin__, name)
        return [(kind, _check_of(accepted, name) if kind in NATIVE else None) for kind, _ in inside]
    if typing.get_origin(accepted) in (Union, types.UnionType):
        return [kind for part in typing.get_args(accepted) for kind in _kinds(part, name)]
    if accepted is Any or accepted is object:
        return [(object, None)]
    if accepted is None:
        return [(type(None), None)]
    plain = typing.get_origin(accepted) or accepted
    if isinstance(plain, type) and issubclass(plain, BaseModel):
        return [(plain, None)]
    if isinstance(plain, type) and plain in NATIVE:
        arrives = list if plain is tuple else plain
        return [(arrives, None if accepted is arrives else _check_of(accepted, name))]
    raise ConfigError(
        f"{name} handles {accepted!r}, which is no message type: use a Pydantic model or a msgpack-native type"
    )


def _check_of(accepted: Any, name: str) -> Check:
    """Validates the elements of a ``list[int]``, a ``tuple[int, str]``, an ``Annotated[str, Field(max_length=9)]``."""
    try:
        hash(accepted)
    except TypeError:  # metadata may be anything
        make = _make_check
    else:
        make = _known_check
    try:
        return make(accepted)
    except Exception as exc:  # Pydantic's own, or whatever a type's schema hook raises
        raise ConfigError(f"{name} handles {accepted!r}, whose content cannot be checked: {exc}") from exc


def _make_check(accepted: Any) -> Check:
    check: Check = TypeAdapter(accepted).validator.validate_python
    return check


_known_check = functools.lru_cache(maxsize=1024)(_make_check)
"""One takes 0.1 ms to make, and the handlers of each of 100,000 agents of a class are read."""
