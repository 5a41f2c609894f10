"""Addresses and refs. An address is ``name`` (an agent alone in its host) or ``name@host``.

A host's name outlives its process, so an address stays good across restarts; where the process is now, the
directory knows. That makes a ref small, serialisable and free of location.
"""

from __future__ import annotations

import re
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from shoal.runtime.errors import ConfigError, SystemClosed

if TYPE_CHECKING:
    from shoal.runtime.envelope import Lane

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/\-]{0,127}")


def check_name(name: str) -> str:
    """The name itself when it can be one of an agent or host; else :class:`ConfigError`."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot name an agent or host: use letters, digits and _ . : / - "
            "(at most 128, beginning with a letter, digit or _)"
        )
    return name


def make_address(name: str, host: str) -> str:
    """The address of the agent ``name`` in ``host``."""
    return name if name == host else f"{name}@{host}"


def host_of(address: str) -> str:
    """The host part of an address."""
    return address.rpartition("@")[2]


class Sender(Protocol):
    """What a ref sends through: the host of this process, or the handling of a message in it."""

    @property
    def _home(self) -> object:
        """The host, of a handling that of its agent: what an agent sends is its own, whoever made the ref."""

    def tell(
        self,
        address: str,
        message: Any,
        /,
        *,
        lane: Lane | None = None,
        deadline_s: float | None = None,
        task: str | None = None,
        origin: int = 0,
    ) -> Coroutine[Any, Any, Any]:
        """Send; returns once accepted."""

    def ask(
        self,
        address: str,
        message: Any,
        /,
        *,
        timeout_s: float | None = None,
        lane: Lane | None = None,
        task: str | None = None,
        origin: int = 0,
    ) -> Coroutine[Any, Any, Any]:
        """Send and wait for the answer."""


current_sender: ContextVar[Sender] = ContextVar("shoal_sender")
"""The host or context whose code runs now; set by systems and cells, read by refs that travelled."""


class Ref:
    """An agent's address. Tell it or ask it; put it in messages; it pickles."""

    __slots__ = ("_sender", "address")

    def __init__(self, address: str, sender: Sender | None = None) -> None:
        self.address = address
        self._sender = sender

    def tell(
        self,
        message: Any,
        *,
        lane: Lane | None = None,
        deadline_s: float | None = None,
        task: str | None = None,
        origin: int = 0,
    ) -> Coroutine[Any, Any, Any]:
        """Send ``message``; returns once it is accepted (waits while the mailbox has no room).

        ``origin``: where it comes from, when that is worse than what its sender has seen (see
        :class:`~shoal.runtime.provenance.Origin`). Raises ``MessageError`` when the message is at fault and
        ``Refused`` when nobody can take it.
        """
        return self._via().tell(
            self.address, message, lane=lane, deadline_s=deadline_s, task=task, origin=origin
        )

    def ask(
        self,
        message: Any,
        *,
        timeout_s: float | None = None,
        lane: Lane | None = None,
        task: str | None = None,
        origin: int = 0,
    ) -> Coroutine[Any, Any, Any]:
        """Send ``message`` and return the handler's answer. ``origin``: see :meth:`tell`.

        Raises ``HandlerError`` when the handler raised, ``Refused`` when it certainly did not run and
        ``UnknownOutcome`` (``AskTimeout``, ``AgentDied``) when nobody can say.
        """
        return self._via().ask(
            self.address, message, timeout_s=timeout_s, lane=lane, task=task, origin=origin
        )

    def _via(self) -> Sender:
        """Who sends: what runs now, or the host that made the ref, when that is not an agent of it."""
        own, current = self._sender, current_sender.get(None)
        if own is not None and (current is None or current._home is not own):
            return own
        if current is None:
            raise SystemClosed(f"no running system here to send to {self.address!r} through")
        return current

    def __reduce__(self) -> tuple[Any, ...]:
        return Ref, (self.address,)

    def __repr__(self) -> str:
        return f"Ref({self.address!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and other.address == self.address

    def __hash__(self) -> int:
        return hash(self.address)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """A Ref is a field type of messages: it travels as its address."""
        from pydantic_core import core_schema  # noqa: PLC0415 - only when a model declares a Ref field

        def build(value: Any) -> Ref:
            if isinstance(value, Ref):
                return value
            if isinstance(value, str):
                return cls(value)
            raise ValueError("a Ref or an address is expected")

        return core_schema.no_info_plain_validator_function(
            build, serialization=core_schema.plain_serializer_function_ser_schema(lambda ref: ref.address)
        )
