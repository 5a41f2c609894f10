"""A run as its program sees it: tasks that survive the program, and events.

A task is entered in the ledger before its message is sent, and its result before the caller gets it. So a program that
is killed at any point and started again (``shoal resume``) is given what was recorded, and only the rest is done.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from shoal.runtime.codec import encode
from shoal.runtime.envelope import LANE_NORMAL, ROOT_SCOPE, derived_id
from shoal.runtime.errors import ConfigError, Refused, ShoalError, SystemClosed
from shoal.runtime.host import Host
from shoal.runtime.journal.errors import TaskConflict
from shoal.runtime.journal.happenings import RUN_FINISHED, RUN_STARTED, RUN_STOPPED, TASK_LEFT_OPEN
from shoal.runtime.journal.ledger import TaskEntry
from shoal.runtime.journal.outcomes import Written
from shoal.runtime.journal.records import Event, Record, TaskEnded, TaskResubmitted, TaskSubmitted
from shoal.runtime.journal.resuming import TakenRun
from shoal.runtime.recording import Recording
from shoal.runtime.redaction import redact_start
from shoal.runtime.ref import Ref
from shoal.runtime.tasks import (
    TaskResult,
    check_task,
    died_on_the_way,
    failure,
    result_of,
    success,
    task_message_id,
    was_answered,
)

_log = logging.getLogger("shoal.run")
_LAST_WORDS_S = 10.0
"""Longest wait for the recorder when the run ends: without one, what was acknowledged is safe all the same."""


class _Order(NamedTuple):
    """What is to be done about a task."""

    address: str
    message: Any
    tag: str
    payload: bytes
    task: str
    timeout_s: float | None
    attempts: int
    retry_failed: bool
    leave_open: Callable[[ShoalError], bool] | None = None


class _Work:
    """A task in progress, and how many wait for it."""

    __slots__ = ("doing", "order", "waiting")

    def __init__(self, order: _Order, doing: asyncio.Task[TaskResult]) -> None:
        self.order = order
        self.doing = doing
        self.waiting = 0


class Run:
    """One run of a program, from ``System.run``."""

    def __init__(self, taken: TakenRun, host: Host) -> None:
        self._directory = taken.directory
        self._host = host
        self._recording = Recording(host)
        self._work: dict[str, _Work] = {}
        self._notes: set[asyncio.Task[list[Written]]] = set()
        self._closed = False
        self.resumed = taken.resumed
        """Whether it was there before: this program goes on with it."""

    def __repr__(self) -> str:
        return f"Run({self.id!r}, {'resumed' if self.resumed else 'new'})"

    @property
    def id(self) -> str:
        """Its name: ``shoal resume`` takes it."""
        return self._directory.run

    @property
    def path(self) -> Path:
        """Its directory."""
        return self._directory.path

    # -- tasks ---------------------------------------------------------------------------------------------

    async def task(
        self,
        to: Ref | str,
        message: Any,
        *,
        task: str,
        timeout_s: float | None = None,
        attempts: int = 3,
        retry_failed: bool = False,
    ) -> Any:
        """Ask ``to`` as the task ``task`` of this run and return its answer; one that has it recorded is not asked.

        ``timeout_s``: as of ``Ref.ask``, for each attempt. ``attempts``: how often it is submitted at most while
        agents die for good with it. ``retry_failed``: one that is recorded as failed is done again. Raises what
        ``Ref.ask`` raises, now or then; :class:`TaskConflict` when the id stands for another message,
        :class:`StoreError` and :class:`RecorderGone` when nothing can be recorded (the task is open then).
        """
        order = self._order(to, task, message, timeout_s, attempts, retry_failed)
        return (await self._result(order)).unwrap()

    async def tasks(
        self,
        to: Ref | str,
        tasks: Mapping[str, Any] | Iterable[tuple[str, Any]],
        *,
        concurrency: int = 64,
        timeout_s: float | None = None,
        attempts: int = 3,
        retry_failed: bool = False,
        leave_open: Callable[[ShoalError], bool] | None = None,
    ) -> AsyncGenerator[TaskResult, None]:
        """Do many tasks (id and message), so many at once; each comes as it ends, in whatever order.

        ``tasks`` is read as far as is needed. Errors of tasks are in the results; what keeps anything from being
        recorded is raised, as by :meth:`task`. Leaving the loop early cancels what is under way, which stays open.
        ``leave_open`` says of an error that it does not end the task: that comes with it, and stays open (an event
        ``task_left_open`` tells), so that a resumed run goes on with it under the same ids.
        """
        if concurrency < 1:
            raise ConfigError(f"concurrency is {concurrency}; at least one task must run")
        pairs = iter(tasks.items() if isinstance(tasks, Mapping) else tasks)
        under_way: set[asyncio.Future[TaskResult]] = set()
        try:
            while True:
                for task, message in itertools.islice(pairs, concurrency - len(under_way)):
                    order = self._order(to, task, message, timeout_s, attempts, retry_failed)
                    order = order._replace(leave_open=leave_open)
                    under_way.add(asyncio.ensure_future(self._result(order)))
                if not under_way:
                    return
                ended, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for one in ended:
                    yield one.result()
        finally:
            for one in under_way:
                one.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    def _order(
        self,
        to: Ref | str,
        task: str,
        message: Any,
        timeout_s: float | None,
        attempts: int,
        retry_failed: bool,
    ) -> _Order:
        if self._closed:
            raise SystemClosed(f"the system of run {self.id!r} is shut down")
        if attempts < 1 or (timeout_s is not None and not timeout_s > 0):
            raise ConfigError(f"attempts is {attempts} and timeout_s {timeout_s}: both must be positive")
        address = to if isinstance(to, str) else to.address
        tag, payload = encode(message, self._host.config.max_message_bytes)
        return _Order(address, message, tag, payload, check_task(task), timeout_s, attempts, retry_failed)

    async def _result(self, order: _Order) -> TaskResult:
        """The task's result; whoever asks for the same one while it is in progress waits for that."""
        work = self._work.get(order.task)
        if work is None:
            work = self._work[order.task] = _Work(order, asyncio.create_task(self._do(order)))
        elif (work.order.tag, work.order.payload) != (order.tag, order.payload):
            raise TaskConflict(f"task {order.task!r} is in progress with another message", task=order.task)
        work.waiting += 1
        try:
            return await asyncio.shield(work.doing)
        except asyncio.CancelledError:
            if work.doing.cancelled() and self._closed:
                raise SystemClosed(f"the system was shut down; task {order.task!r} stays open") from None
            raise
        finally:
            work.waiting -= 1
            if not work.waiting:
                work.doing.cancel()
                if self._work.get(order.task) is work:
                    del self._work[order.task]

    async def _do(self, order: _Order) -> TaskResult:
        entry = await self._enter(order)
        if not entry.open:
            return result_of(entry, recorded=True)
        message_id, attempts, most = entry.message_id, entry.attempts, entry.attempts + order.attempts - 1
        death: ShoalError | None = None
        while True:
            try:
                value = await self._ask(order, message_id)
                end = success(order.task, value, time.time())
            except SystemClosed:
                raise
            except ShoalError as error:
                if attempts >= most or not died_on_the_way(error):
                    if death is not None and isinstance(error, Refused):
                        error = death  # only this attempt is certain: an earlier one may have done it
                    if order.leave_open is not None and order.leave_open(error):
                        return await self._left_open(TaskResult(order.task, None, error, attempts, False))
                    end = failure(order.task, error, time.time())
                    return await self._ended(TaskResult(order.task, None, error, attempts, False), end)
                death = error
                if was_answered(error):
                    message_id = derived_id(message_id, attempts)
                attempts += 1
                await self._write_task(TaskResubmitted(order.task, message_id, False, time.time()))
            else:
                return await self._ended(TaskResult(order.task, value, None, attempts, False), end)

    async def _enter(self, order: _Order) -> TaskEntry:
        """The task's entry, made now or long ago; one that is to be sent now counts that."""
        now, message_id = time.time(), task_message_id(self.id, order.task)
        entry = await self._write_task(
            TaskSubmitted(order.task, order.address, order.tag, order.payload, message_id, now)
        )
        assert entry is not None
        if entry.open and (entry.attempts, entry.submitted_at) == (1, now):
            return entry
        if entry.open or order.retry_failed:
            # One that failed was answered: under the same id the same agent would answer the same again.
            message_id = entry.message_id if entry.open else derived_id(entry.message_id, entry.attempts)
            again = TaskResubmitted(order.task, message_id, order.retry_failed, now)
            entry = await self._write_task(again)
            assert entry is not None
        return entry

    async def _ask(self, order: _Order, message_id: bytes) -> Any:
        return await self._host.ask_as(
            self._host.name, message_id, order.address, order.message, ROOT_SCOPE, (), order.task, order.timeout_s,
            LANE_NORMAL,
        )  # fmt: skip

    async def _ended(self, result: TaskResult, end: TaskEnded) -> TaskResult:
        """Record it. The first end counts: where another was recorded, that is the result."""
        entry = await self._write_task(end)
        return result if entry is None else result_of(entry, recorded=True)

    async def _left_open(self, result: TaskResult) -> TaskResult:
        error = result.error
        await self.note(
            TASK_LEFT_OPEN, task=result.task, error=type(error).__name__, text=redact_start(str(error), 500)
        )
        return result

    async def _write_task(self, record: Record) -> TaskEntry | None:
        (written,) = await self._recording.write([record])
        if isinstance(written, ShoalError):
            raise written
        return written

    # -- events --------------------------------------------------------------------------------------------

    async def note(
        self, kind: str, *, agent: str | None = None, task: str | None = None, **data: Any
    ) -> None:
        """Put an event into the journal; returns when it is safe. ``data`` must be what JSON can hold."""
        await self._recording.write([Event(time.time(), kind, agent, task, data)])

    def note_later(self, events: Iterable[Event]) -> None:
        """Put events into the journal; nobody waits for it, and a journal that cannot be written is logged."""
        records = list(events)
        if records and not self._closed:
            note = asyncio.ensure_future(self._recording.write(records))
            self._notes.add(note)
            note.add_done_callback(self._noted)

    def _noted(self, note: asyncio.Task[list[Written]]) -> None:
        self._notes.discard(note)
        if not note.cancelled() and note.exception() is not None:
            _log.warning("events were not recorded: %s", note.exception())

    # -- life ----------------------------------------------------------------------------------------------

    async def begin(self, host: str) -> None:
        """Say that this program has the run now. Raises when nothing can be recorded."""
        await self.note(RUN_STARTED, pid=os.getpid(), resumed=self.resumed, host=host)

    async def finish(self, error: BaseException | None) -> None:
        """Leave what is in progress open, and say how the program left the run. Agents are still there."""
        self._closed = True
        doing = [work.doing for work in self._work.values()]
        for one in doing:
            one.cancel()
        await asyncio.gather(*doing, return_exceptions=True)
        last = Event(time.time(), RUN_FINISHED, None, None, {})
        if error is not None:
            last = last._replace(
                kind=RUN_STOPPED, data={"error": type(error).__name__, "text": redact_start(str(error), 500)}
            )
        try:
            async with asyncio.timeout(_LAST_WORDS_S):
                await asyncio.gather(*self._notes, return_exceptions=True)
                await self._recording.write([last])
        except (ShoalError, TimeoutError) as exc:
            _log.warning(
                "run %s: its end was not recorded: %s", self.id, str(exc) or "the recorder did not answer"
            )

    def release(self) -> None:
        """Let go of the directory: another process may go on with the run."""
        self._directory.close()
