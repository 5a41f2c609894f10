"""What an agent or a team accepts and returns, as far as it can be known before anything runs. Pure."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Union

from pydantic import BaseModel

from shoal.actors.agent import Agent
from shoal.runtime.behavior import Handler
from shoal.runtime.codec import NATIVE
from shoal.runtime.recipe import is_behavior
from shoal.runtime.signature import handlers_of

Kinds = tuple[type, ...] | None
"""Message types; ``None``: any, or not declared."""


@dataclass(frozen=True)
class Signature:
    """The types of the answers by type of message; ``object`` stands for any other message."""

    answers: Mapping[type, Kinds]

    @property
    def accepts(self) -> Kinds:
        """What it takes; ``None`` when it takes anything, or nobody can say."""
        return None if object in self.answers else tuple(self.answers)

    @property
    def returns(self) -> Kinds:
        """What it answers, to any message."""
        return self.answers_to(None)

    def takes(self, kind: type) -> bool:
        """Whether a message of this type is accepted, as far as is known."""
        return kind in self.answers or object in self.answers

    def answers_to(self, kinds: Kinds) -> Kinds:
        """The types of the answers to messages of ``kinds``, of those it takes."""
        asked = self.answers if kinds is None else [kind for kind in kinds if self.takes(kind)]
        return either(self.answers.get(kind, self.answers.get(object)) for kind in asked)


OPEN = Signature({object: None})
"""Nothing is known before it runs: a factory, or an agent that builds its handlers itself."""


def either(parts: Iterable[Kinds]) -> Kinds:
    """All types of the parts, each once; ``None`` when one of them is not known."""
    found: dict[type, None] = {}
    for part in parts:
        if part is None:
            return None
        found |= dict.fromkeys(part)
    return tuple(found)


def signature_of_agent(agent: Any) -> Signature:
    """The signature of an agent, an agent class or an async function; ``OPEN`` for a factory."""
    handlers: Iterable[Handler]
    if is_behavior(agent):
        handlers = agent.handler_table()
    elif inspect.iscoroutinefunction(agent):
        handlers = handlers_of(agent, agent.__name__)
    elif isinstance(agent, type) and issubclass(agent, Agent) and agent.handler_table is Agent.handler_table:
        handlers = agent.declared_handlers()
    else:
        return OPEN
    return Signature({handler.accepts: kinds_of(handler.returns) for handler in handlers})


def signature_of_function(function: Any) -> tuple[Any, Any]:
    """The annotations of a function's first parameter and of its result; ``None`` for what has none."""
    try:
        hints = typing.get_type_hints(function)
        first = next(iter(inspect.signature(function).parameters), "")
    except (NameError, TypeError, ValueError):
        return None, None
    return hints.get(first), hints.get("return")


def kinds_of(annotation: Any) -> Kinds:
    """The message types an annotation names; ``None`` when it says nothing useful."""
    if typing.get_origin(annotation) in (Union, types.UnionType):
        return either(kinds_of(part) for part in typing.get_args(annotation))
    plain = typing.get_origin(annotation) or annotation
    if isinstance(plain, type) and (plain in NATIVE or issubclass(plain, BaseModel)):
        return (list if plain is tuple else plain,)
    return None


def type_names(kinds: Kinds) -> str:
    """Types as an error message names them."""
    if kinds is None:
        return "anything"
    return ", ".join("None" if kind is type(None) else kind.__name__ for kind in kinds) or "nothing"
