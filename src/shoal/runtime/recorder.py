"""The recorder: the one agent that writes a run's journal.

Callback contract: a message is a numbered batch of records (bytes, made by :func:`pack_batch`), its answer what became
of each (bytes for :func:`read_answer`), sent once they are safe. Batches that arrive together become one transaction:
while one is written, the next gathers. A sender has one batch on its way at a time; one that comes again, because the
recorder was killed and its next incarnation gets it once more, is not written again (its number is in the journal).

Messages are appended as they come. JSON is made of them (which is most of the work) while nothing comes, with a
hundredth of the time when something always does, and at the end: :meth:`Journal.settle`.

A full disk is waited out: nothing is answered until there is room, and the log says so. A journal that is damaged, or
cannot be written for another reason, is the answer to every batch.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgpack

from shoal.runtime.behavior import Handler, HandlerTable
from shoal.runtime.config import Overflow
from shoal.runtime.context import Context
from shoal.runtime.durable.errors import StoreBusy, StoreError, StoreFull
from shoal.runtime.errors import ProtocolError, ShoalError
from shoal.runtime.failure import pack_error, unpack_error
from shoal.runtime.journal.journal import Batch, Journal
from shoal.runtime.journal.manifest import FILE_NAME
from shoal.runtime.journal.outcomes import Written, pack_outcomes, unpack_outcomes
from shoal.runtime.journal.records import Record, pack, unpack
from shoal.runtime.journal.run_directory import JOURNAL_FILE

NAME = "recorder"
"""Its address in every system that has a run."""
FOREVER_S = 365 * 24 * 3600.0
_log = logging.getLogger("shoal.recorder")
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 5.0
_IDLE_S = 0.25
"""Without a batch for so long, there is time."""
_BUSY_PAUSE = 99.0
"""Else settling rests this many times as long as it took."""
_SETTLED_AT_ONCE = 4096
"""Messages, of some milliseconds: as long may a batch that comes have to wait."""
_LAST_S = 3.0
"""How long it settles when it is stopped; whoever lets go of the run does what is left."""


def pack_batch(source: str, number: int, records: Sequence[Record]) -> bytes:
    """A message to the recorder: the ``number``-th batch (from 1) of ``source``, which is new for each client."""
    packed: bytes = msgpack.packb([source, number, pack(records)])
    return packed


def read_answer(answer: bytes) -> list[Written]:
    """What became of a batch's records. Raises what kept all of them from being written."""
    written, data = msgpack.unpackb(answer)
    if not written:
        raise unpack_error(data)
    return unpack_outcomes(data)


class Recorder:
    """A behaviour; see the module."""

    role = NAME
    concurrency = 256
    mailbox: int | None = None
    overflow = Overflow.BLOCK
    handler_timeout_s: float | None = FOREVER_S

    def __init__(self, directory: str) -> None:
        """``directory``: the run's. Nothing is opened yet."""
        self._directory = Path(directory)
        self._journal: Journal | None = None
        self._waiting: list[tuple[Batch, asyncio.Future[bytes]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._settling: asyncio.Task[None] | None = None
        self._unsettled = False
        """Whether something was written since settling last looked."""
        self._wrote_at = 0.0
        self._settles: threading.Lock
        self._stopping = False

    def handler_table(self) -> HandlerTable:
        """Batches are bytes, and so are answers."""
        return HandlerTable([Handler("Recorder.on_batch", self.on_batch, bytes, bytes)])

    async def on_start(self, ctx: Context) -> None:
        """Nothing that can fail: a damaged journal is an answer, not a death at every start."""
        self._settles = threading.Lock()

    async def on_stop(self, ctx: Context, reason: str) -> None:
        """All that was answered is written; let go of the file."""
        if self._journal is not None:
            self._stopping = True
            if self._settling is not None:
                self._settling.cancel()
            await asyncio.to_thread(self._end, self._journal)

    async def on_batch(self, message: bytes, ctx: Context) -> bytes:
        """Write one batch, together with those that wait."""
        batch = _batch(message)
        safe: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, safe))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_waiting())
        return await safe

    async def _write_waiting(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            answers = await self._write([batch for batch, _ in taken])
            for (_, safe), answer in zip(taken, answers, strict=True):
                if not safe.done():
                    safe.set_result(answer)
        self._writing = None
        self._wrote_at = time.monotonic()
        self._unsettled = True
        if self._settling is None and self._journal is not None:
            self._settling = asyncio.create_task(self._settle(self._journal))

    async def _settle(self, journal: Journal) -> None:
        """Until nothing is left."""
        pause_s = _IDLE_S
        try:
            while self._unsettled and not self._stopping:
                await asyncio.sleep(pause_s)
                self._unsettled = False
                began = time.monotonic()
                self._unsettled |= await asyncio.to_thread(self._settle_some, journal)
                now = time.monotonic()
                busy = self._writing is not None or now - self._wrote_at < _IDLE_S
                pause_s = _BUSY_PAUSE * (now - began) if busy else 0.0
        except ShoalError as error:
            _log.warning("messages are not shown in the journal yet: %s", error)
        finally:
            self._settling = None

    def _settle_some(self, journal: Journal) -> bool:
        with self._settles:
            return not self._stopping and journal.settle(_SETTLED_AT_ONCE)

    def _end(self, journal: Journal) -> None:
        until = time.monotonic() + _LAST_S
        with self._settles:
            try:
                while time.monotonic() < until and journal.settle(_SETTLED_AT_ONCE):
                    pass
            except ShoalError as error:
                _log.warning("messages are not shown in the journal yet: %s", error)
            finally:
                journal.close()

    async def _write(self, batches: list[Batch]) -> list[bytes]:
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                return await asyncio.to_thread(self._append, batches)
            except (StoreFull, StoreBusy) as error:
                _log.warning("nothing is recorded until this is over, trying again: %s", error)
            except ProtocolError as error:
                if len(batches) == 1:
                    return [_refused(error)]
                return [answer for batch in batches for answer in await self._write([batch])]
            except ShoalError as error:
                _log.error("the journal cannot be written: %s", error)
                return [_refused(error)] * len(batches)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    def _append(self, batches: list[Batch]) -> list[bytes]:
        if self._journal is None:
            if not (self._directory / FILE_NAME).exists():
                raise StoreError(
                    f"there is no run in {self._directory} on this machine: it must not be moved"
                )
            self._journal = Journal(self._directory / JOURNAL_FILE)
        written = self._journal.append_all(batches)
        return [
            msgpack.packb([True, pack_outcomes(batch.records, outcomes)])
            for batch, outcomes in zip(batches, written, strict=True)
        ]


def _batch(message: bytes) -> Batch:
    try:
        source, number, records = msgpack.unpackb(message)
        return Batch(str(source), int(number), unpack(records))
    except (ValueError, TypeError, msgpack.UnpackException) as exc:
        raise ProtocolError(f"these bytes are no batch of records: {exc}") from exc


def _refused(error: ShoalError) -> bytes:
    answer: Any = msgpack.packb([False, pack_error(error)])
    return bytes(answer)
