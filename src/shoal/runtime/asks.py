"""Asks of this process that wait for their answer, and the end of their patience."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from shoal.runtime.codec import decode
from shoal.runtime.deadline_wheel import DeadlineWheel
from shoal.runtime.errors import DeliveryError, ShoalError
from shoal.runtime.failure import unpack_error
from shoal.runtime.on_loop import OnLoop
from shoal.runtime.wire import STATUS_MASK, Reply, Status


class OutOfTime(Exception):
    """What an ask's future ends with when its time is over."""


class Asks(OnLoop):
    """Futures by message id."""

    def __init__(self) -> None:
        self._open: dict[bytes, tuple[asyncio.Future[Any], int]] = {}
        self._origins: dict[bytes, int] = {}
        """Of answers that came and are not trusted."""
        self._wheel = DeadlineWheel()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self.late = 0
        """Answers that came when nobody waited any more."""

    def __len__(self) -> int:
        return len(self._open)

    def open(self, message_id: bytes, until: float | None) -> asyncio.Future[Any]:
        """Begin to wait, until the wall-clock second ``until`` (then the future fails with :class:`OutOfTime`)."""
        loop = self.loop
        future: asyncio.Future[Any] = loop.create_future()
        bucket = -1
        if until is not None:
            bucket = self._wheel.add(message_id, until)
            if self._timer is None or until < self._timer_due:
                self._set_timer(loop, until)
        self._open[message_id] = (future, bucket)
        return future

    def close(self, message_id: bytes) -> int:
        """Stop waiting; returns the worst origin of what the answer that came was made from."""
        entry = self._open.pop(message_id, None)
        if entry is not None and entry[1] >= 0:
            self._wheel.discard(message_id, entry[1])
        return self._origins.pop(message_id, 0) if self._origins else 0

    def resolve(self, message_id: bytes, value: Any, origin: int = 0) -> None:
        """The answer came."""
        entry = self._open.get(message_id)
        if entry is None or entry[0].done():
            self.late += 1
        else:
            if origin:
                self._origins[message_id] = origin
            entry[0].set_result(value)

    def reject(self, message_id: bytes, error: Exception, origin: int = 0) -> None:
        """The ask ended in an error."""
        entry = self._open.get(message_id)
        if entry is None or entry[0].done():
            self.late += 1
        else:
            if origin:
                self._origins[message_id] = origin
            entry[0].set_exception(error)

    def _set_timer(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        self._timer = loop.call_later(max(0.0, due - time.time()) + 0.001, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        for message_id in self._wheel.expired(time.time()):
            entry = self._open.get(message_id)
            if entry is not None and not entry[0].done():
                entry[0].set_exception(OutOfTime())
        due = self._wheel.next_due()
        if due is not None:
            self._set_timer(loop, due)

    def fail_all(self, error: ShoalError) -> None:
        """Nobody will answer any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for message_id in list(self._open):
            self.reject(message_id, error)

    def on_reply(self, reply: Reply) -> None:
        """An answer from another process; one that cannot be decoded is the asker's error."""
        ended = reply.ending
        if ended == Status.OK or ended & STATUS_MASK == Status.OK:
            try:
                value = decode(reply.tag, reply.payload)
            except ShoalError as error:
                self.reject(reply.id, error)
            else:
                self.resolve(reply.id, value, reply.origin)
        else:
            self.reject(reply.id, unpack_error(reply.payload), reply.origin)


def with_envelope(error: ShoalError, envelope: Any) -> ShoalError:
    """A delivery error that came back without its envelope gets it here."""
    if isinstance(error, DeliveryError) and error.envelope is None:
        error.envelope = envelope
    return error
