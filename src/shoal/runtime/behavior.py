"""The behaviour contract: what agents, and later supervisors, recorders and boards, give the runtime.

A behaviour is an object with a :class:`HandlerTable` (message type → handler) and hooks::

    async on_start(ctx)                before the first message; raising fails the spawn
    async on_restart(ctx)              optional; after on_start, when it is not the agent's first
    async handler(message, ctx) -> reply
    async on_stop(ctx, reason)         after the last message, also when it is stopped early; not when it is killed

Handlers of one behaviour run one at a time unless its ``concurrency`` says otherwise. Optional are the attributes
``durable`` (its ``state`` survives), ``on_error`` (an :class:`OnError`) and ``retries``; a plain method ``stopping()``,
called when an orderly stop begins, so that handlers which wait for something that does not come can be let go; a
plain method ``hands_down(agent)``, which gives what becomes of an agent that it starts; ``beside_parent = True``: one
that an agent starts is on the machine of that agent; and
``quarantine = False``: no message is blamed for deaths (those of a board wait in it for minutes, whoever kills it).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from msgpack import unpackb

from shoal.runtime.codec import NATIVE, NATIVE_TAGS, Entry, decode, decode_as, decode_native, entry_of
from shoal.runtime.config import Overflow
from shoal.runtime.errors import ConfigError, UnknownMessage

if TYPE_CHECKING:
    from shoal.runtime.context import Context


class OnError(StrEnum):
    """What an exception in a handler does beyond failing its message."""

    FAIL = "fail"
    """Nothing: the agent goes on with the next message."""
    RETRY = "retry"
    """The message is tried again, a few times; only then it fails."""
    RESTART = "restart"
    """The agent goes on as a fresh one; mailbox, links and children stay."""
    ESCALATE = "escalate"
    """The agent ends with an error, and who keeps or supervises it decides."""


Check = Callable[[Any], Any]
"""Gives the message as its annotation wants it. Raises Pydantic's ``ValidationError``."""


@dataclass(frozen=True, slots=True)
class Handler:
    """One handler: its name, the callable ``(message, ctx)`` and what it takes and returns (for wiring checks)."""

    name: str
    call: Callable[[Any, Any], Awaitable[Any]]
    accepts: type
    returns: Any = None
    check: Check | None = None
    """For a native message whose annotation says more than its type, as ``list[int]`` does."""


class HandlerTable:
    """Dispatch by message type, the same for an object that came in this process and for bytes from another."""

    __slots__ = ("_by_tag", "_catch_all", "_entries", "by_type")

    def __init__(self, handlers: list[Handler]) -> None:
        self.by_type: dict[type, Handler] = {}
        """The handler of an object as it is. An object whose class is a copy of the declared one goes by its tag."""
        self._by_tag: dict[str, Handler] = {}
        self._entries: dict[str, Entry] = {}
        self._catch_all: Handler | None = None
        for handler in handlers:
            self._add(handler)

    def _add(self, handler: Handler) -> None:
        if handler.accepts is object:
            if self._catch_all is not None:
                raise ConfigError(f"{handler.name} and {self._catch_all.name} both accept any message")
            self._catch_all = handler
            return
        tag = NATIVE.get(handler.accepts)
        if tag is None:
            entry = entry_of(handler.accepts)
            tag = entry.tag
            self._entries[tag] = entry
        known = self._by_tag.get(tag)
        if known is not None:
            raise ConfigError(f"{handler.name} and {known.name} both accept {tag}")
        self._by_tag[tag] = handler
        if handler.check is None:  # one that checks gets every message by its tag
            self.by_type[handler.accepts] = handler

    def __iter__(self) -> Iterator[Handler]:
        yield from self._by_tag.values()
        if self._catch_all is not None:
            yield self._catch_all

    def decode(self, tag: str, payload: bytes, owner: str) -> tuple[Handler, Any]:
        """The handler of a tag and the validated message.

        Raises :class:`UnknownMessage` naming what ``owner`` accepts, or ``InvalidMessage`` naming the fields.
        """
        entry = self._entries.get(tag)
        if entry is not None:
            try:  # in line: this is the hot path; what is wrong is found out again below, with its words
                return self._by_tag[tag], entry.validate(unpackb(payload, strict_map_key=False))
            except Exception:
                return self._by_tag[tag], decode_as(entry, payload)
        handler = self._by_tag.get(tag)
        if handler is None:
            handler = self._catch_all
            if handler is None:
                accepted = ", ".join(sorted(self._by_tag)) or "nothing"
                raise UnknownMessage(
                    f"{owner} has no handler for messages tagged {tag!r}; it accepts {accepted}"
                )
            return handler, decode(tag, payload)
        assert tag in NATIVE_TAGS
        return handler, decode_native(tag, payload, handler.check)


class Behavior(Protocol):
    """What a cell runs."""

    concurrency: int
    mailbox: int | None
    overflow: Overflow
    handler_timeout_s: float | None

    def handler_table(self) -> HandlerTable:
        """The handlers, checked. Raises :class:`ConfigError` for a table that cannot work."""

    async def on_start(self, ctx: Context) -> None: ...

    async def on_stop(self, ctx: Context, reason: str) -> None: ...


def keeps_origins(behavior: Behavior) -> bool:
    """Whether what it has seen in one message counts for the next ones; see ``Agent.keeps_origins``."""
    keeps = getattr(behavior, "keeps_origins", None)
    return bool(getattr(behavior, "durable", False) if keeps is None else keeps)


def role_of(behavior: Behavior) -> str:
    """The label under which metrics and logs count a behaviour: its class, or its function."""
    return getattr(behavior, "role", None) or type(behavior).__name__
