"""The envelope: one message on its way, and the scope it inherits from the message that caused it.

Both are named tuples, not dataclasses: msgpack packs them as arrays without a conversion and a received
tuple becomes an envelope in 0.2 µs, where a frozen slotted dataclass of ten fields took 2.5 µs to build
(docs/decisions/0002-envelope.md).
"""

from __future__ import annotations

from enum import IntEnum
from functools import partial
from hashlib import blake2b
from itertools import count
from os import urandom
from typing import Any, NamedTuple

from shoal.runtime.provenance import WORST

ID_BYTES = 12
PATH_KEPT = 8
"""Addresses kept of the hop path; ``hops`` counts them all."""


# Plain ints beside the enums for the hot path: reading a member off an enum class costs 0.05 µs each time.
TELL, ASK, CANCEL = 0, 1, 2
LANE_SYSTEM, LANE_PRIORITY, LANE_NORMAL = 0, 1, 2


class Kind(IntEnum):
    """What the sender waits for."""

    TELL = 0
    ASK = 1
    CANCEL = 2
    """Takes an ask back; the payload is the ask's id. Never waits in a mailbox."""


class Lane(IntEnum):
    """Priority of a message in its mailbox. Order holds within a lane."""

    SYSTEM = 0
    PRIORITY = 1
    NORMAL = 2


class Scope(NamedTuple):
    """What a message inherits from the one that caused it."""

    task: str | None = None
    """The unit of work this belongs to."""
    correlation: str | None = None
    """The user's own correlation id, carried along untouched."""
    trace: bytes | None = None
    """Trace id: the id of the message that began it all."""
    cause: bytes | None = None
    """Id of the message whose handler sent this one; also the parent span."""
    deadline: float | None = None
    """Wall-clock second after which nobody wants the work any more; everything it causes inherits it."""
    answer_by: float | None = None
    """Wall-clock second at which whoever asked stops waiting; asks further down inherit it, tells do not."""
    hops: int = 0
    path: tuple[str, ...] = ()
    """The last addresses it came through, oldest first."""
    asks: tuple[str, ...] = ()
    """The agents that wait for this message's answer, outermost first."""
    budget: str | None = None
    """The budget that model and tool calls are charged to."""
    origin: int = 0
    """The worst :class:`~shoal.runtime.provenance.Origin` of what its sender had seen; set by the runtime."""


ROOT_SCOPE = Scope()


class Envelope(NamedTuple):
    """One message. ``payload`` is msgpack; ``tag`` says of what."""

    id: bytes
    kind: int
    sender: str
    recipient: str
    tag: str
    payload: bytes
    lane: int
    attempt: int
    scope: Scope | None

    @property
    def hex_id(self) -> str:
        """The id as people see it in logs and listings."""
        return self.id.hex()

    def retried(self) -> Envelope:
        """The same message, one attempt further."""
        return self._replace(attempt=self.attempt + 1)


make_envelope = partial(tuple.__new__, Envelope)
"""An envelope from the tuple of its fields: 0.2 µs, where the named tuple's own constructor takes 0.5."""


def envelope_from_wire(fields: Any) -> Envelope:
    """A received tuple as an envelope. Raises ``ValueError`` when it cannot be one."""
    if type(fields) is not tuple or len(fields) != 9:
        raise ValueError("an envelope has nine fields")
    message_id, kind, sender, recipient, tag, payload, lane, attempt, scope = fields
    if (
        type(message_id) is not bytes
        or type(kind) is not int
        or type(sender) is not str
        or type(recipient) is not str
        or type(tag) is not str
        or type(payload) is not bytes
        or type(lane) is not int
        or type(attempt) is not int
        or not 0 <= kind <= 2
        or not 0 <= lane <= 2
    ):
        raise ValueError("an envelope's field has the wrong type")
    if scope is not None:
        scope = _scope_from_wire(scope)
        fields = (message_id, kind, sender, recipient, tag, payload, lane, attempt, scope)
    return make_envelope(fields)


def _scope_from_wire(fields: Any) -> Scope:
    if type(fields) is not tuple or len(fields) != 11:
        raise ValueError("a scope has eleven fields")
    task, correlation, trace, cause, deadline, answer_by, hops, path, asks, budget, origin = fields
    if (
        type(hops) is not int
        or type(path) is not tuple
        or type(asks) is not tuple
        or (task is not None and type(task) is not str)
        or (correlation is not None and type(correlation) is not str)
        or (trace is not None and type(trace) is not bytes)
        or (cause is not None and type(cause) is not bytes)
        or (deadline is not None and type(deadline) is not float)
        or (answer_by is not None and type(answer_by) is not float)
        or (budget is not None and type(budget) is not str)
        or type(origin) is not int
        or not 0 <= origin <= WORST
    ):
        raise ValueError("a scope's field has the wrong type")
    try:
        "".join(path)  # the quickest way to see that each of them is a string
        "".join(asks)
    except TypeError as exc:
        raise ValueError("an address in a scope is not a string") from exc
    return tuple.__new__(Scope, fields)


class IdSource:
    """Fresh ids of one process: six random bytes, then a counter."""

    __slots__ = ("_next", "_prefix")

    def __init__(self, prefix: bytes | None = None) -> None:
        self._prefix = prefix if prefix is not None else urandom(6)
        self._next = count(1).__next__

    def fresh(self) -> bytes:
        """An id no other message has."""
        return self._prefix + self._next().to_bytes(6, "big")


def derived_id(cause: bytes, index: int) -> bytes:
    """The id of the ``index``-th message that the handling of ``cause`` sends.

    A rerun of the handler sends the same ids, so that receivers can drop what they already have.
    """
    return blake2b(cause + index.to_bytes(4, "big"), digest_size=ID_BYTES).digest()


def scope_of_sends(handled: Envelope, address: str, origin: int) -> Scope:
    """The scope of what the handling of ``handled`` by ``address`` tells on, having seen ``origin`` at worst."""
    scope = handled.scope or ROOT_SCOPE
    return tuple.__new__(
        Scope,
        (
            scope.task, scope.correlation, scope.trace or handled.id, handled.id, scope.deadline, None,
            scope.hops + 1, (*scope.path[1 - PATH_KEPT :], address), (), scope.budget, origin,
        ),
    )  # fmt: skip


def scope_of_ask(base: Scope, task: str | None, answer_by: float | None, asks: tuple[str, ...]) -> Scope:
    """The scope of an ask: ``base`` with its task, its patience and who waits for it."""
    return tuple.__new__(
        Scope,
        (
            task or base.task, base.correlation, base.trace, base.cause, base.deadline, answer_by, base.hops,
            base.path, asks, base.budget, base.origin,
        ),
    )  # fmt: skip


def source_of(handled: Envelope) -> str:
    """Where a message came from, for who wants to know what its origin is due to."""
    path = handled.scope.path if handled.scope is not None else ()
    return f"a message from {' -> '.join(path) or handled.sender}"


def asks_waiting(handled: Envelope, address: str) -> tuple[str, ...]:
    """Who waits once ``address``, handling ``handled``, asks somebody: outermost first."""
    if handled.kind != ASK:
        return (address,)
    return (*(handled.scope.asks if handled.scope else ()), address)
