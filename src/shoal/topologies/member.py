"""What a topology is made of, as far as it can be known before anything runs: who accepts and returns what."""

from __future__ import annotations

import inspect
import types
import typing
from dataclasses import dataclass
from typing import Any, Union

from shoal.actors.agent import Agent
from shoal.runtime.behavior import Handler
from shoal.runtime.codec import NATIVE
from shoal.runtime.errors import ConfigError
from shoal.runtime.recipe import check_recipe, is_behavior
from shoal.runtime.ref import check_name
from shoal.runtime.signature import handlers_of
from pydantic import BaseModel


@dataclass(frozen=True)
class Signature:
    """Message types in and out. ``None``: not known before it runs (a factory, an unannotated answer)."""

    accepts: tuple[type, ...] | None
    returns: tuple[type, ...] | None

    def takes(self, kind: type) -> bool:
        """Whether a message of this type is accepted, as far as is known."""
        return self.accepts is None or object in self.accepts or kind in self.accepts


def signature_of(member: Any) -> Signature:
    """The signature of an agent, an agent class, an async function, a factory or another topology."""
    own = getattr(member, "signature", None)
    if callable(own) and not isinstance(member, type):
        signature: Signature = own()
        return signature
    handlers = _handlers(member)
    if handlers is None:
        return Signature(None, None)
    accepts = tuple(dict.fromkeys(handler.accepts for handler in handlers))
    parts = [answer_types(handler.returns) for handler in handlers]
    if any(part is None for part in parts):
        return Signature(accepts, None)
    return Signature(accepts, tuple(dict.fromkeys(kind for part in parts for kind in part or ())))


def returns_for(member: Any, kind: type) -> tuple[type, ...] | None:
    """What the member answers to a message of type ``kind``; ``None`` when it is not declared."""
    handlers = None if callable(getattr(member, "signature", None)) else _handlers(member)
    if handlers is None:
        return signature_of(member).returns
    for handler in handlers:
        if handler.accepts in (kind, object):
            return answer_types(handler.returns)
    return None


def _handlers(member: Any) -> list[Handler] | None:
    if is_behavior(member):
        return list(member.handler_table())
    if isinstance(member, type) and issubclass(member, Agent):
        return member.declared_handlers()
    if inspect.iscoroutinefunction(member):
        return handlers_of(member, member.__name__)
    return None


def answer_types(annotation: Any) -> tuple[type, ...] | None:
    """The message types of a return annotation; ``None`` when it says nothing useful."""
    if annotation is None or annotation is inspect.Parameter.empty or annotation in (Any, object):
        return None
    if typing.get_origin(annotation) in (Union, types.UnionType):
        parts = [answer_types(part) for part in typing.get_args(annotation) if part is not type(None)]
        return None if any(p is None for p in parts) else tuple(kind for part in parts for kind in part or ())
    plain = typing.get_origin(annotation) or annotation
    if isinstance(plain, type) and (issubclass(plain, BaseModel) or plain in NATIVE):
        return (list if plain is tuple else plain,)
    return None


def check_members(pattern: str, members: dict[str, Any]) -> None:
    """Raise :class:`ConfigError` for names or members that cannot be; nested topologies check themselves."""
    if not members:
        raise ConfigError(f"{pattern} has no members: give it at least one agent")
    for name, member in members.items():
        check_name(name)
        if hasattr(member, "validate") and hasattr(member, "build"):
            member.validate()
            continue
        try:
            check_recipe(member)
        except ConfigError as exc:
            raise ConfigError(f"{pattern}, member {name!r}: {exc}") from exc


def type_names(kinds: tuple[type, ...] | None) -> str:
    """Types as an error message names them."""
    return ", ".join(kind.__name__ for kind in kinds) if kinds else "nothing known"
