"""What became of records, on its way from the recorder back to whoever sent them: msgpack, without the payloads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgpack

from shoal.runtime.errors import ProtocolError
from shoal.runtime.failure import pack_error, unpack_error
from shoal.runtime.journal.errors import RunError
from shoal.runtime.journal.journal import Outcome
from shoal.runtime.journal.ledger import TaskEntry
from shoal.runtime.journal.records import Record, TaskEnded

Written = TaskEntry | RunError | None
"""A task's entry (its ``payload`` left out), why it was refused, or ``None``: it stands as it was sent."""

_AS_SENT, _ENTRY, _REFUSED = range(3)


def pack_outcomes(records: Sequence[Record], outcomes: Sequence[Outcome]) -> bytes:
    """The outcomes of these records as bytes. A result that counts is not sent back to who gave it."""
    packed: bytes = msgpack.packb([_plain(*pair) for pair in zip(records, outcomes, strict=True)])
    return packed


def unpack_outcomes(data: bytes) -> list[Written]:
    """The outcomes again. Raises :class:`ProtocolError` for bytes that are none."""
    try:
        return [_outcome(*found) for found in msgpack.unpackb(data, use_list=False)]
    except Exception as exc:  # msgpack's own classes, and whatever a wrong shape leads to
        raise ProtocolError(f"these bytes are no outcomes ({type(exc).__name__}: {exc})") from exc


def _plain(record: Record, outcome: Outcome) -> tuple[Any, ...]:
    if outcome is None:
        return (_AS_SENT,)
    if not isinstance(outcome, TaskEntry):
        return (_REFUSED, pack_error(outcome))
    if isinstance(record, TaskEnded) and (outcome.state, outcome.result_tag, outcome.result) == (
        record.state, record.tag, record.payload,
    ):  # fmt: skip
        return (_AS_SENT,)
    return (_ENTRY, outcome._replace(payload=b""))


def _outcome(kind: int, found: Any = None) -> Written:
    if kind == _AS_SENT:
        return None
    if kind == _ENTRY:
        return TaskEntry(*found)
    error = unpack_error(found)
    if not isinstance(error, RunError):
        raise TypeError(f"{type(error).__name__} is no refusal")
    return error
