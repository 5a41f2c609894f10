"""A worker: the loop that takes a cell's messages one after the other and runs their handlers.

For each message: deadline and hop checks, validation, the handler, the answer, metrics, and then its end, which is
what acknowledges it to the sender. Whatever a handler raises ends that message only.
"""

from __future__ import annotations

import asyncio
import threading
import time
from bisect import bisect_left
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, ClassVar

from shoal.runtime.behavior import OnError
from shoal.runtime.context import Context
from shoal.runtime.deadletters import Reason
from shoal.runtime.delivery import ENCODED, Delivery
from shoal.runtime.envelope import ASK, ID_BYTES, Envelope, Scope, source_of
from shoal.runtime.errors import (
    AgentDied,
    Cancelled,
    Expired,
    HandlerError,
    HandlerTimeout,
    HopLimit,
    MessageError,
    MessageTooLarge,
    Quarantined,
    ShoalError,
    UnknownMessage,
)
from shoal.runtime.failure import handler_error
from shoal.runtime.ref import current_sender
from shoal.runtime.stats import SECONDS

if TYPE_CHECKING:
    from shoal.runtime.behavior import Behavior, Handler
    from shoal.runtime.cell import Cell

_SLICE_S = 0.002
"""How long a worker runs handlers that never wait before the loop turns: reports, sockets, other agents."""
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 5.0
"""Between attempts at a message: the pause doubles each time."""
_clock = time.monotonic


class Worker:
    """What a cell runs now, since when, and why it was cancelled."""

    __slots__ = (
        "_began",
        "_retries",
        "_scribe",
        "_slot",
        "_task",
        "cell",
        "delivery",
        "started",
        "stop_with",
    )
    context_kind: ClassVar[type[Context]] = Context

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.delivery: Delivery | None = None
        self.started = 0.0
        self.stop_with: ShoalError | None = None
        self._task: asyncio.Task[None] | None = None
        scribe = cell.host.scribe
        self._scribe = scribe.of(cell.address) if scribe is not None else None
        self._retries = 0
        """How often the handling of this message was tried before; its first began at ``_began``."""
        self._began = 0.0
        self._slot = -1
        """Where in the flight recorder it notes what it handles."""

    @classmethod
    def start(cls, cell: Cell) -> None:
        """Start one for a cell that has messages."""
        worker = cls(cell)
        if cell.host.flight is not None and getattr(cell.behavior, "quarantine", True):
            worker._slot = cell.host.flight.take()
        cell.workers.append(worker)
        cell.host.active.add(worker)
        worker._task = cell.host.loop.create_task(worker._run())

    def cancel(self, error: ShoalError) -> None:
        """Cancel the handler that runs now; its message ends with ``error``."""
        if self.delivery is not None and self.stop_with is None and self._task is not None:
            self.stop_with = error
            self._task.cancel()

    async def _run(self) -> None:
        cell = self.cell
        next_message = cell.source()
        queueing, handling = cell.stats.queueing, cell.stats.handling
        waited, took = queueing.counts, handling.counts
        self.started = _clock()
        slice_end = self.started + _SLICE_S
        try:
            while (delivery := next_message()) is not None:
                if cell.waiting:
                    cell.give_room()
                wait_s = self.started - delivery.arrived
                waited[bisect_left(SECONDS, wait_s)] += 1  # Tally.add, in line
                queueing.total += wait_s
                running = self._begin(delivery)
                if running is not None:
                    try:
                        result = await running
                    except BaseException as exc:
                        if not await self._raised(delivery, exc):
                            break
                    else:
                        self._end(delivery, result)
                self.delivery = None
                now = _clock()
                took_s = now - self.started
                took[bisect_left(SECONDS, took_s)] += 1
                handling.total += took_s
                self.started = now
                if now > slice_end:
                    await asyncio.sleep(0)
                    self.started = _clock()
                    slice_end = self.started + _SLICE_S
        finally:
            if self._slot >= 0:
                cell.host.flight.give(self._slot)  # type: ignore[union-attr]
            cell.worker_ended(self)

    async def _raised(self, delivery: Delivery, exc: BaseException) -> bool:
        """The handler raised: try again where that is wanted, else fail. ``False``: this worker begins no other."""
        cell, tag = self.cell, delivery.envelope.tag
        if isinstance(exc, asyncio.CancelledError):
            return await self._cut(delivery, exc)
        if isinstance(
            exc, GeneratorExit
        ):  # made up by the handler, or this task is closed: it awaits no more
            self._failed(delivery, handler_error(exc, cell.address, tag))
            raise exc
        if isinstance(exc, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise exc  # somebody wants the program to end
        if cell.host.raising is not None:
            cell.host.raising(exc)
        self._began = self.started
        retries = getattr(cell.behavior, "retries", 0) if _on_error(cell.behavior) is OnError.RETRY else 0
        for attempt in range(1, retries + 1):
            try:
                self.started = _clock()
                await asyncio.sleep(min(_FIRST_PAUSE_S * 2.0 ** (attempt - 1), _LONGEST_PAUSE_S))
                self.started = _clock()
                running = self._begin(delivery, attempt)
                if running is None:
                    return True  # its deadline passed meanwhile
                result = await running
            except asyncio.CancelledError as cancelled:
                return await self._cut(delivery, cancelled)
            except BaseException as again:
                exc = again
            else:
                self._end(delivery, result)
                return True
        error = handler_error(exc, cell.address, tag)
        self._failed(delivery, error)
        return await self._follow(error)

    async def _cut(self, delivery: Delivery, cancelled: asyncio.CancelledError) -> bool:
        """The handler was cancelled. ``False``: this worker begins no other."""
        error = self._cancelled(cancelled, delivery.envelope.tag)
        self._failed(delivery, error)
        return await self._follow(error) if isinstance(error, HandlerTimeout) else True

    async def _follow(self, error: ShoalError) -> bool:
        """Once the message has failed: do with the agent what is wanted. ``False``: this worker begins no other."""
        cell = self.cell
        policy = _on_error(cell.behavior)
        if policy in (OnError.FAIL, OnError.RETRY):
            return True
        self.delivery = None
        if policy is OnError.RESTART:
            await cell.restart(error.text)
        else:
            await cell.settled()
            cell.host.fail(cell, f"{cell.address} escalates: {error.text}")
        return cell.concurrency > 0

    def _begin(self, delivery: Delivery, attempt: int = 0) -> Awaitable[Any] | None:
        """Check and decode the message; returns its handler's run, or ``None`` when it ended here."""
        cell = self.cell
        self.delivery = delivery
        self._retries = attempt
        if self._slot >= 0 and len(delivery.envelope.id) == ID_BYTES:
            cell.host.flight.memory[self._slot : self._slot + ID_BYTES] = delivery.envelope.id  # type: ignore[union-attr]
        try:
            if cell.host.suspects:
                _check_suspect(delivery.envelope, cell)
            if delivery.value is ENCODED and delivery.envelope.scope is None:
                envelope = delivery.envelope  # _open, in line for the usual case
                if len(envelope.payload) > cell.host.config.max_message_bytes:
                    self._open(delivery)
                handler, message = cell.table.decode(envelope.tag, envelope.payload, cell.address)
            else:
                message = delivery.value
                found = cell.table.by_type.get(type(message)) if delivery.envelope.scope is None else None
                if found is not None:
                    handler = found
                else:
                    handler, message = self._open(delivery)
        except ShoalError as error:
            self._failed(delivery, error)
            return None
        if cell.taint is not None:
            delivery.taint = cell.taint
            scope = delivery.envelope.scope
            if scope is not None and scope.origin:
                cell.taint.join(scope.origin, source_of(delivery.envelope))
        ctx = self.context_kind(cell, delivery, attempt)
        current_sender.set(ctx)
        return handler.call(message, ctx)

    def _end(self, delivery: Delivery, result: Any) -> None:
        """The handler returned."""
        cell = self.cell
        if self.stop_with is not None:
            self._uncancel()  # it swallowed its cancellation and ended in its own way
        origin = delivery.origin
        if origin is not None and delivery.envelope.kind == ASK:
            try:
                origin.answer(delivery, result)
            except MessageError as error:
                self._failed(delivery, handler_error(error, cell.address, delivery.envelope.tag))
                return
        cell.stats.handled += 1
        if self._scribe is not None:
            self._scribe.note(delivery, self._began if self._retries else self.started, "done", self._retries)
        if delivery.custody is not None:
            delivery.end()
        elif origin is not None:
            origin.done(delivery)

    def _open(self, delivery: Delivery) -> tuple[Handler, Any]:
        """The handler and the validated message. Raises what keeps the message from being handled."""
        cell = self.cell
        envelope = delivery.envelope
        scope = envelope.scope
        if scope is not None:
            _check_scope(scope, cell.address, cell.host.config.hop_limit)
        value = delivery.value
        if value is not ENCODED:
            handler = cell.table.by_type.get(type(value))
            if handler is not None:
                return handler, value
            envelope = cell.host.encoded(delivery)
        if len(envelope.payload) > cell.host.config.max_message_bytes:
            limit = cell.host.config.max_message_bytes
            raise MessageTooLarge(
                f"message {envelope.tag} is over the limit of {limit:,} bytes (max_message_bytes)"
            )
        return cell.table.decode(envelope.tag, envelope.payload, cell.address)

    def _cancelled(self, cancelled: asyncio.CancelledError, tag: str) -> ShoalError:
        """What a ``CancelledError`` out of the handler means for its message."""
        error = self.stop_with
        if error is not None:
            self._uncancel()
            return error
        if self._task is not None and self._task.cancelling():
            raise cancelled  # the event loop itself is shutting down
        return HandlerError(
            f"{self.cell.address} awaited something that was cancelled, on {tag}",
            type="asyncio.CancelledError",
            agent=self.cell.address,
        )

    def _uncancel(self) -> None:
        self.stop_with = None
        if self._task is not None:
            self._task.uncancel()

    def _failed(self, delivery: Delivery, error: ShoalError) -> None:
        """The message ends without success."""
        if isinstance(error, Cancelled):
            self.cell.stats.cancelled += 1
        else:
            self.cell.stats.failed += 1
        reason = reason_of(error)
        self._note_failed(delivery, reason)
        self.cell.host.bury(delivery, reason, error)

    def _note_failed(self, delivery: Delivery, reason: Reason) -> None:
        if self._scribe is not None:
            began = self._began if self._retries else self.started
            self._scribe.note(delivery, began, reason.value, self._retries)


def _on_error(behavior: Behavior) -> OnError:
    return OnError(getattr(behavior, "on_error", OnError.FAIL))


def _check_scope(scope: Scope, address: str, hop_limit: int) -> None:
    """Raise what keeps a message from being begun: nobody waits for it any more, or it went in circles."""
    until = scope.deadline
    if scope.answer_by is not None and (until is None or scope.answer_by < until):
        until = scope.answer_by
    if until is not None and time.time() > until:
        raise Expired(f"the deadline passed {time.time() - until:.3f} s before {address} began it")
    if scope.hops > hop_limit:
        route = " -> ".join(scope.path)
        raise HopLimit(
            f"forwarded {scope.hops} times, the limit is {hop_limit}; last through {route} -> {address}"
        )


def _check_suspect(envelope: Envelope, cell: Cell) -> None:
    """Raise when this message has killed its agent too often to be tried once more."""
    deaths = cell.host.suspects.get(envelope.id, 0)
    if deaths >= cell.host.config.quarantine_after:
        raise Quarantined(
            f"the process of {cell.address} died {deaths} times while it handled this message ({envelope.tag}); it is "
            "not tried again"
        )


_REASONS: tuple[tuple[type[ShoalError], Reason], ...] = (
    (Expired, Reason.EXPIRED),
    (Cancelled, Reason.CANCELLED),
    (HopLimit, Reason.HOP_LIMIT),
    (Quarantined, Reason.QUARANTINED),
    (AgentDied, Reason.STOPPED),
    (HandlerTimeout, Reason.HANDLER_TIMEOUT),
    (HandlerError, Reason.HANDLER_ERROR),
    (UnknownMessage, Reason.UNKNOWN_MESSAGE),
    (MessageTooLarge, Reason.TOO_LARGE),
)


def reason_of(error: ShoalError) -> Reason:
    """The dead letter's reason for an error that ended a message."""
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    return Reason.INVALID_MESSAGE
