"""What is written to the journal: the kinds of records, and their way to the recorder as msgpack.

A record is a named tuple, which msgpack packs as an array; its kind is the array's first element. All times are
wall-clock seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgpack

from shoal.runtime.errors import ProtocolError


class TaskSubmitted(NamedTuple):
    """A task was given to a team."""

    task: str
    team: str
    """The team's address."""
    tag: str
    payload: bytes
    message_id: bytes
    """The message that carries it; a task that is submitted again travels under the same id."""
    at: float


class TaskResubmitted(NamedTuple):
    """A task was given to its team again: its agent died, or the run was resumed."""

    task: str
    message_id: bytes
    """The message that carries it now; empty: the same as before."""
    again: bool
    """Whether one that has failed, or was abandoned, becomes open again."""
    at: float


class TaskEnded(NamedTuple):
    """A task has its result, or never will."""

    task: str
    state: str
    """``done``, ``failed``, ``partial`` (a result and an error) or ``abandoned``."""
    tag: str
    payload: bytes
    error: str
    """Class name of the error; empty for ``done``."""
    text: str
    details: dict[str, Any]
    at: float


class Event(NamedTuple):
    """Something happened to an agent or a task: a start, exit, restart, give-up, dead letter, ..."""

    at: float
    kind: str
    agent: str | None
    task: str | None
    data: dict[str, Any]


MessageRow = tuple[
    bytes, bytes | None, str | None, str, str, str, int, float, float | None, str, float | None, int, int
]
"""id, cause, task, sender, recipient, tag, size in bytes, at, took_s, outcome,
queued_s, kind (0 tell, 1 ask), attempt (from 1).
"""
SpanRow = tuple[bytes, bytes, str | None, str, str, str, float, float, str, dict[str, Any]]
"""id, id of the message it belongs to (empty: none), task, agent, kind, name, at, took_s, outcome, data."""


class MessagesHandled(NamedTuple):
    """A batch of messages that were handled or refused, made by :func:`messages_handled`.

    The rows travel as one piece of msgpack, which costs their host, a busy one, 0.3 µs a row. The journal keeps them as
    such, one piece a batch, and makes JSON of them when there is time (:mod:`~shoal.runtime.journal.batches`): SQLite
    took 2.2 to 3.9 µs to bind and insert ten columns.
    """

    length: int
    first_at: float
    last_at: float
    rows: bytes


class SpansNoted(NamedTuple):
    """A batch of spans, made by :func:`spans_noted`. Kept as messages are."""

    length: int
    first_at: float
    """When the first of them began."""
    last_at: float
    """When the last of them began."""
    rows: bytes


def messages_handled(rows: Sequence[MessageRow]) -> MessagesHandled:
    """The record of these messages, at least one, in the order in which they were handled.

    Raises :class:`ProtocolError` for a value that cannot be written.
    """
    try:
        packed: bytes = msgpack.packb(rows)
    except (ValueError, OverflowError, TypeError) as exc:  # UnicodeEncodeError is a ValueError
        raise ProtocolError(f"these messages cannot be journaled: {exc}") from exc
    return MessagesHandled(len(rows), rows[0][7], rows[-1][7], packed)


def spans_noted(rows: Sequence[SpanRow]) -> SpansNoted:
    """The record of these spans, at least one; what msgpack has no type for goes as its text.

    Raises :class:`ProtocolError` for a value that cannot be written.
    """
    began = [row[6] for row in rows]
    try:
        packed: bytes = msgpack.packb(rows, default=str)
    except (
        ValueError,
        OverflowError,
        TypeError,
        RecursionError,
    ) as exc:  # UnicodeEncodeError is a ValueError
        raise ProtocolError(f"these spans cannot be journaled: {exc}") from exc
    return SpansNoted(len(rows), min(began), max(began), packed)


class EffectNoted(NamedTuple):
    """How far an effect of ``ctx.once`` came: ``begun``, ``done``, ``failed`` or ``unknown``."""

    agent: str
    scope: bytes
    key: str
    state: str
    at: float


Record = TaskSubmitted | TaskResubmitted | TaskEnded | Event | MessagesHandled | SpansNoted | EffectNoted

_TEXT = (str,)
_TIME = (float, int)
_FIELDS: tuple[tuple[type[Any], tuple[tuple[type, ...], ...]], ...] = (
    (TaskSubmitted, (_TEXT, _TEXT, _TEXT, (bytes,), (bytes,), _TIME)),
    (TaskResubmitted, (_TEXT, (bytes,), (bool,), _TIME)),
    (TaskEnded, (_TEXT, _TEXT, _TEXT, (bytes,), _TEXT, _TEXT, (dict,), _TIME)),
    (Event, (_TIME, _TEXT, (str, type(None)), (str, type(None)), (dict,))),
    (MessagesHandled, ((int,), _TIME, _TIME, (bytes,))),
    (EffectNoted, (_TEXT, (bytes,), _TEXT, _TEXT, _TIME)),
    (SpansNoted, ((int,), _TIME, _TIME, (bytes,))),
)
_CODES = {kind: code for code, (kind, _) in enumerate(_FIELDS)}


def pack(records: Iterable[Record]) -> bytes:
    """The records as bytes. Raises :class:`ProtocolError` for a value that has no bytes: a lone surrogate, 2**70."""
    try:
        packed: bytes = msgpack.packb([(_CODES[type(record)], *record) for record in records], default=str)
    except (ValueError, OverflowError) as exc:  # UnicodeEncodeError is a ValueError
        raise ProtocolError(f"a journal record holds a value that cannot be written: {exc}") from exc
    return packed


def unpack(data: bytes) -> list[Record]:
    """The records again. Raises :class:`ProtocolError` for bytes that are no records."""
    try:
        arrays = msgpack.unpackb(data, use_list=False, strict_map_key=False)
    except Exception as exc:  # msgpack raises ValueError, its own classes and UnicodeDecodeError
        raise ProtocolError(f"these bytes are no journal records ({type(exc).__name__}: {exc})") from exc
    if type(arrays) is not tuple:
        raise ProtocolError("journal records come as an array")
    return [_record(array) for array in arrays]


def _record(array: Any) -> Record:
    if type(array) is not tuple or not array or type(array[0]) is not int or not 0 <= array[0] < len(_FIELDS):
        raise ProtocolError("a journal record begins with its kind")
    kind, fields = _FIELDS[array[0]]
    values = array[1:]
    if len(values) != len(fields) or not all(map(isinstance, values, fields)):
        raise ProtocolError(f"a record {kind.__name__} has fields of the wrong number or type")
    record: Record = kind(*values)
    return record
