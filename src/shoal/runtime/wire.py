"""Frames: what two hosts say to each other. msgpack arrays; anything else is a :class:`ProtocolError`.

::

    DATA    [1, session, number, heard, [[recipient, first, [envelope, ...]], ...]]
    REPORT  [2, session, number, taken, [flow report, ...], [reply, ...]]

``number`` counts the frames of a direction within a session, from 1; each end takes them in that order whatever
order they come in. ``taken`` is the highest DATA number, ``heard`` the highest REPORT number the other end has
taken in: the first opens the sender's window, the second lets the receiver forget replies. A *session* ends when
its transport breaks.
A reply is ``[message id, ending, tag, payload]``; an error's payload is ``[class, text, details]``. The ending is the
status and, in the higher bits, the worst origin of what the answer was made from: nothing more travels for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import msgpack

from shoal.runtime.envelope import Envelope, envelope_from_wire
from shoal.runtime.errors import ProtocolError
from shoal.runtime.flow import FlowReport
from shoal.runtime.packing import LARGE_BYTES, Packing
from shoal.runtime.provenance import Origin

DATA = 1
REPORT = 2
_packing = Packing()


class Status(IntEnum):
    """How an ask ended."""

    OK = 0
    ERROR = 1
    BY_REFERENCE = 2
    """The answer is large: fetch it under the message id."""


STATUS_BITS = 4
STATUS_MASK = (1 << STATUS_BITS) - 1


def ending(status: int, origin: int) -> int:
    """How an ask ended, and the worst origin of what its answer was made from, in one number."""
    return status | origin << STATUS_BITS


_ENDINGS = frozenset(ending(status, origin) for status in Status for origin in Origin)


class Reply(NamedTuple):
    """The end of an ask. ``ending``: see :func:`ending`; ``Status.OK`` is a good answer that is trusted."""

    id: bytes
    ending: int
    tag: str
    payload: bytes

    @property
    def status(self) -> int:
        """How the ask ended."""
        return self.ending & STATUS_MASK

    @property
    def origin(self) -> int:
        """The worst origin of what the answer was made from."""
        return self.ending >> STATUS_BITS


class Group(NamedTuple):
    """Consecutive messages of one flow."""

    recipient: str
    first: int
    envelopes: Sequence[Envelope]


class Data(NamedTuple):
    """A batch of messages."""

    session: int
    number: int
    heard: int
    groups: Sequence[Group]


class Report(NamedTuple):
    """What became of messages."""

    session: int
    number: int
    taken: int
    flows: Sequence[FlowReport]
    replies: Sequence[Reply]


def pack_data(frame: Data) -> bytes:
    """A DATA frame's bytes."""
    return _pack((DATA, *frame))


def pack_report(frame: Report) -> bytes:
    """A REPORT frame's bytes."""
    return _pack((REPORT, *frame))


def _pack(fields: tuple[Any, ...]) -> bytes:
    packed = _packing.pack(fields)
    if len(packed) > LARGE_BYTES:
        _packing.renew()
    return packed


def unpack(frame: bytes | memoryview) -> Data | Report:
    """A received frame. Raises :class:`ProtocolError` for whatever is none; runs no code of the sender's."""
    try:
        fields = msgpack.unpackb(frame, use_list=False)
        if fields[0] == DATA:
            _, session, number, heard, groups = fields
            return Data(_count(session), _count(number), _count(heard), [_group(group) for group in groups])
        if fields[0] == REPORT:
            _, session, number, taken, flows, replies = fields
            reports = [_flow(flow) for flow in flows]
            return Report(
                _count(session), _count(number), _count(taken), reports, [_reply(r) for r in replies]
            )
    except ProtocolError:
        raise
    except Exception as exc:  # msgpack's own classes, ValueError, TypeError, IndexError, KeyError
        raise ProtocolError(
            f"a frame of {len(frame):,} bytes is not valid: {type(exc).__name__}: {exc}"
        ) from exc
    raise ProtocolError(f"a frame of {len(frame):,} bytes is of no known kind")


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a number of the frame is not a count")
    return value


def _group(fields: Any) -> Group:
    recipient, first, envelopes = fields
    if type(recipient) is not str:
        raise ValueError("a group's recipient is not a string")
    return Group(recipient, _count(first), [envelope_from_wire(e) for e in envelopes])


def _flow(fields: Any) -> FlowReport:
    recipient, received, handled, early, credit, refused = fields
    if type(recipient) is not str or type(early) is not tuple:
        raise ValueError("a flow report's field has the wrong type")
    for number in early:
        _count(number)
    return FlowReport(recipient, _count(received), _count(handled), early, _count(credit), bool(refused))


def _reply(fields: Any) -> Reply:
    message_id, ended, tag, payload = fields
    if (
        type(message_id) is not bytes
        or type(ended) is not int
        or ended not in _ENDINGS
        or type(tag) is not str
        or type(payload) is not bytes
    ):
        raise ValueError("a reply's field has the wrong type")
    return Reply(message_id, ended, tag, payload)
