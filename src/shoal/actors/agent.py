"""Agents: a class with typed handlers.

Callback contract::

    class Counter(shoal.Agent):
        state: Tally                                     # optional: a Pydantic model, made at start

        async def on_start(self, ctx): ...               # before the first message
        async def on_restart(self, ctx): ...             # after on_start, when the agent was there before
        async def on_add(self, message: Add, ctx): ...   # any `on_...`: handles its annotated message type
        async def on_stop(self, ctx, reason): ...        # after the last

The method's name does not matter beyond ``on_``: dispatch is by the annotation of its first parameter.
"""

from __future__ import annotations

import inspect
import typing
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ValidationError

from shoal.runtime.behavior import Handler, HandlerTable, OnError
from shoal.runtime.config import Overflow, describe_invalid
from shoal.runtime.errors import ConfigError
from shoal.runtime.signature import handlers_of

if TYPE_CHECKING:
    from shoal.runtime.context import Context

MOST_RETRIES = 100
_HOOKS = frozenset({"on_start", "on_stop", "on_restart"})


class Agent:
    """Base class of agents. Subclasses add ``on_...`` handlers; the attributes below are options."""

    concurrency: int = 1
    """Messages handled at once. Above 1 only for agents whose handlers share no state."""
    mailbox: int | None = None
    """Capacity of the mailbox; ``None``: the system's."""
    overflow: Overflow = Overflow.BLOCK
    """What a full mailbox does."""
    handler_timeout_s: float | None = None
    """Limit of one handler's run; ``None``: the system's."""
    durable: bool = False
    """Whether ``state`` outlives the process: saved with what was handled before anything is acknowledged.

    Needs a ``state`` model and handlers that run one at a time.
    """
    on_error: OnError | str = OnError.FAIL
    """What a handler's exception does beyond failing its message: ``fail``, ``retry``, ``restart``, ``escalate``."""
    retries: int = 3
    """With ``on_error="retry"``: how often a message is tried again."""
    keeps_origins: bool | None = None
    """Whether what it has seen in one message counts as seen in all later ones: for agents that keep in ``self`` what
    messages brought, and use it for others. ``None``: when it is ``durable``."""
    capabilities: ClassVar[tuple[str, ...]] = ()
    """What it can do, for routers that choose by capability."""

    def handler_table(self) -> HandlerTable:
        """The handlers of this agent, checked. Raises :class:`ConfigError` when they cannot work."""
        name = type(self).__name__
        check_options(name, self.concurrency, self.mailbox, self.handler_timeout_s)
        check_recovery(name, self.on_error, self.retries)
        self._check_durable(name)
        table = HandlerTable(_handlers(self))
        self._make_state()
        return table

    @classmethod
    def declared_handlers(cls) -> list[Handler]:
        """The handlers as the class declares them, without an instance: what wiring is checked against.

        Raises :class:`ConfigError` when they cannot work.
        """
        handlers = _handlers(object.__new__(cls))
        HandlerTable(handlers)
        return handlers

    def _make_state(self) -> None:
        if "state" in self.__dict__:
            return
        model = _state_model(type(self))
        if model is None:
            return
        try:
            self.state = model()
        except ValidationError as exc:
            raise ConfigError(
                describe_invalid(
                    f"{type(self).__name__}.state needs defaults or must be set in __init__", exc
                )
            ) from exc

    def _check_durable(self, name: str) -> None:
        if not self.durable:
            return
        if _state_model(type(self)) is None:
            raise ConfigError(
                f"{name} is durable, but has nothing to save: annotate `state` with a Pydantic model"
            )
        if self.concurrency != 1:
            raise ConfigError(
                f"{name} is durable with concurrency {self.concurrency}: only between two messages is its state "
                "whole, so it handles one at a time"
            )

    async def on_start(self, ctx: Context) -> None:
        """Called before the first message. Raising fails the spawn. A durable agent has its saved state here."""

    async def on_restart(self, ctx: Context) -> None:
        """Called after ``on_start`` when the agent was there before: its process died, its state was saved by an
        earlier one, or ``on_error`` restarted it."""

    async def on_stop(self, ctx: Context, reason: str) -> None:
        """Called after the last message of an orderly stop."""


def _handlers(agent: Agent) -> list[Handler]:
    name = type(agent).__name__
    handlers = [
        handler
        for method in handler_names(type(agent))
        for handler in handlers_of(getattr(agent, method), f"{name}.{method}")
    ]
    if not handlers:
        raise ConfigError(f"{name} handles nothing: add an `async def on_...(self, message: Type, ctx)`")
    return handlers


def handler_names(kind: type) -> list[str]:
    """The names of a class's handlers, in order of definition, base classes first."""
    names: dict[str, None] = {}
    for base in reversed(kind.__mro__):
        for name, value in vars(base).items():
            if name.startswith("on_") and name not in _HOOKS and inspect.isfunction(value):
                names[name] = None
    return list(names)


def check_options(name: str, concurrency: Any, mailbox: Any, handler_timeout_s: Any) -> None:
    """Raise :class:`ConfigError` for options that cannot be."""
    if not isinstance(concurrency, int) or concurrency < 1:
        raise ConfigError(f"{name}.concurrency is {concurrency!r}; it must be a whole number from 1")
    if mailbox is not None and (not isinstance(mailbox, int) or mailbox < 1):
        raise ConfigError(f"{name}.mailbox is {mailbox!r}; it must be a whole number from 1, or None")
    if handler_timeout_s is not None and handler_timeout_s <= 0:
        raise ConfigError(f"{name}.handler_timeout_s is {handler_timeout_s!r}; it must be positive, or None")


def check_recovery(name: str, on_error: Any, retries: Any) -> None:
    """Raise :class:`ConfigError` for what cannot be done about an error."""
    if on_error not in list(OnError):
        choices = ", ".join(repr(str(choice)) for choice in OnError)
        raise ConfigError(f"{name}.on_error is {on_error!r}; it must be one of {choices}")
    if not isinstance(retries, int) or not 0 <= retries <= MOST_RETRIES:
        raise ConfigError(
            f"{name}.retries is {retries!r}; it must be a whole number from 0 to {MOST_RETRIES}"
        )


def _state_model(kind: type) -> type[BaseModel] | None:
    declared = any("state" in vars(base).get("__annotations__", {}) for base in kind.__mro__)
    if not declared:
        return None
    try:
        model = typing.get_type_hints(kind).get("state")
    except NameError as exc:
        raise ConfigError(f"{kind.__name__}.state: {exc}; define the model at module level") from exc
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise ConfigError(f"{kind.__name__}.state is annotated {model!r}; it must be a Pydantic model")
    return model
