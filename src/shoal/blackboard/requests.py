"""What travels between a board's client and its actor.

A request is ``[region_id, request_id, wait_s, kind, body]`` in msgpack. ``region_id`` is the identity of the region the
client has seen before (empty: none), so that a board which lost its region is found out. ``request_id`` is what a write
is known by when it comes again (empty: the message's id). ``wait_s``: how long the board may keep a watch or a claim
waiting. An answer is ``[good, region_id, body]``: a packed result, or a packed error.
"""

from __future__ import annotations

from typing import NamedTuple

import msgpack

from shoal.blackboard.operations import Operation
from shoal.blackboard.packing import unpack_request
from shoal.runtime.errors import ProtocolError, ShoalError
from shoal.runtime.failure import pack_error, unpack_error

OPERATION, WATCH, STATUS, CLOSING = range(4)


class Watch(NamedTuple):
    """The versions from revision ``since`` on under ``prefix``; the board waits until there is one."""

    prefix: str
    since: int
    limit: int


class Closing(NamedTuple):
    """The system is about to be shut down: nobody is to wait any more."""


class Request(NamedTuple):
    """A request as the board reads it."""

    region_id: str
    request_id: bytes
    wait_s: float
    what: Operation | Watch | Closing | None
    """``None``: how the region is."""


class Status(NamedTuple):
    """How a region is."""

    revision: int
    """The newest."""
    oldest: int
    """The oldest that can be read."""
    keys: int
    open: int
    """Work items that nobody has, done or given up; ``claimable`` of them could be claimed now."""
    claimable: int
    claimed: int
    done: int
    dead: int
    leases: int
    watchers: int
    """Watches that wait for something to happen."""
    claimers: int
    """Claims that wait for an item."""

    @property
    def quiescent(self) -> bool:
        """Whether nothing is claimed and nothing can be claimed, now or later."""
        return self.claimed == 0 and self.open == 0


def pack_operation(region_id: str, operation: bytes, request_id: bytes = b"", wait_s: float = 0.0) -> bytes:
    """A request for an operation, packed by :func:`~shoal.blackboard.packing.pack_request`."""
    return _pack([region_id, request_id, float(wait_s), OPERATION, operation])


def pack_watch(region_id: str, watch: Watch, wait_s: float) -> bytes:
    """A request to watch."""
    return _pack([region_id, b"", float(wait_s), WATCH, _pack(list(watch))])


def pack_status(region_id: str) -> bytes:
    """A request for the status."""
    return _pack([region_id, b"", 0.0, STATUS, b""])


def pack_closing() -> bytes:
    """Says that the system is about to be shut down."""
    return _pack(["", b"", 0.0, CLOSING, b""])


def read_request(message: bytes) -> Request:
    """Raises :class:`ProtocolError` for bytes that are no request."""
    try:
        region_id, request_id, wait_s, kind, body = msgpack.unpackb(message)
    except Exception as exc:  # msgpack raises ValueError, its own classes and UnicodeDecodeError
        raise ProtocolError(f"these bytes are no request to a board ({type(exc).__name__}: {exc})") from exc
    types = (type(region_id), type(request_id), type(wait_s), type(body))
    if types != (str, bytes, float, bytes) or not wait_s >= 0:
        raise ProtocolError("a request to a board has fields of the wrong type")
    return Request(region_id, request_id, wait_s, _read_what(kind, body))


def _read_what(kind: int, body: bytes) -> Operation | Watch | Closing | None:
    if kind == OPERATION:
        return unpack_request(body)
    if kind == WATCH:
        return _read_watch(body)
    if kind == STATUS:
        return None
    if kind == CLOSING:
        return Closing()
    raise ProtocolError(f"{kind!r} is no kind of request to a board")


def _read_watch(body: bytes) -> Watch:
    try:
        watch = Watch(*msgpack.unpackb(body))
    except Exception as exc:
        raise ProtocolError(f"these bytes are no watch ({type(exc).__name__}: {exc})") from exc
    if not (type(watch.prefix) is str and type(watch.since) is int and type(watch.limit) is int):
        raise ProtocolError("a watch has fields of the wrong type")
    return watch


def pack_answer(region_id: str, body: bytes) -> bytes:
    """The answer with this result in it."""
    return _pack([True, region_id, body])


def pack_refusal(region_id: str, error: ShoalError) -> bytes:
    """The answer that this error is."""
    return _pack([False, region_id, pack_error(error)])


def read_answer(answer: bytes) -> tuple[str, bytes]:
    """The region's identity and the packed result. Raises the error that the answer is."""
    good, region_id, body = msgpack.unpackb(answer)
    if not good:
        raise unpack_error(body)
    return region_id, body


def pack_status_answer(status: Status) -> bytes:
    """The body of the answer to a status request."""
    return _pack(list(status))


def read_status(body: bytes) -> Status:
    """See :func:`pack_status_answer`."""
    return Status(*msgpack.unpackb(body))


def _pack(fields: list[object]) -> bytes:
    packed: bytes = msgpack.packb(fields)
    return packed
