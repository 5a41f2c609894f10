"""Asks of this process that wait for their answer."""

from __future__ import annotations

import asyncio
from typing import Any

from shoal.runtime.codec import decode
from shoal.runtime.errors import DeliveryError, ShoalError
from shoal.runtime.failure import unpack_error
from shoal.runtime.wire import Reply, Status


class Asks:
    """Futures by message id."""

    def __init__(self) -> None:
        self._open: dict[bytes, asyncio.Future[Any]] = {}
        self.late = 0
        """Answers that came when nobody waited any more."""

    def __len__(self) -> int:
        return len(self._open)

    def open(self, message_id: bytes) -> asyncio.Future[Any]:
        """Begin to wait."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._open[message_id] = future
        return future

    def close(self, message_id: bytes) -> None:
        """Stop waiting."""
        self._open.pop(message_id, None)

    def resolve(self, message_id: bytes, value: Any) -> None:
        """The answer came."""
        future = self._open.get(message_id)
        if future is None or future.done():
            self.late += 1
        else:
            future.set_result(value)

    def reject(self, message_id: bytes, error: ShoalError) -> None:
        """The ask ended in an error."""
        future = self._open.get(message_id)
        if future is None or future.done():
            self.late += 1
        else:
            future.set_exception(error)

    def fail_all(self, error: ShoalError) -> None:
        """Nobody will answer any more."""
        for message_id in list(self._open):
            self.reject(message_id, error)

    def on_reply(self, reply: Reply) -> None:
        """An answer from another process; one that cannot be decoded is the asker's error."""
        if reply.status == Status.OK:
            try:
                value = decode(reply.tag, reply.payload)
            except ShoalError as error:
                self.reject(reply.id, error)
            else:
                self.resolve(reply.id, value)
        else:
            self.reject(reply.id, unpack_error(reply.payload))


def with_envelope(error: ShoalError, envelope: Any) -> ShoalError:
    """A delivery error that came back without its envelope gets it here."""
    if isinstance(error, DeliveryError) and error.envelope is None:
        error.envelope = envelope
    return error
