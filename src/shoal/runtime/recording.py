"""The client's way to the recorder: records gather while a batch is on its way, and go as the next one.

One batch is on its way at a time, so that they are written in order and a repeated one is told by its number. The ask
that carries it stays open while the recorder is started again: ``write`` returns when its records are safe, or raises.

Secrets in errors and events are redacted here, in the process whose environment has them. Tasks' payloads go as they
are.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from shoal.runtime.durable.errors import StoreError
from shoal.runtime.envelope import LANE_NORMAL, ROOT_SCOPE
from shoal.runtime.errors import DeliveryError, ProtocolError, ShoalError, SystemClosed
from shoal.runtime.host import Host
from shoal.runtime.journal.errors import RecorderGone
from shoal.runtime.journal.outcomes import Written
from shoal.runtime.journal.records import Event, Record, TaskEnded, TaskSubmitted
from shoal.runtime.recorder import FOREVER_S, NAME, pack_batch, read_answer
from shoal.runtime.redaction import redact, redact_data

_MOST_RECORDS = 1024
_MOST_BYTES = 4 * 1024 * 1024
"""What a batch may gather to: the recorder writes one in some milliseconds."""


class _Entry(NamedTuple):
    records: Sequence[Record]
    size: int
    safe: asyncio.Future[list[Written]]


class Recording:
    """Writes to the run's journal through its recorder."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._source = f"{host.name}-{secrets.token_hex(6)}"  # numbers begin anew with each program
        self._number = 0
        self._waiting: list[_Entry] = []
        self._sending: asyncio.Task[None] | None = None
        self._failed: ShoalError | None = None

    async def write(self, records: Sequence[Record]) -> list[Written]:
        """Write records in one transaction; returns what became of each once they are safe.

        Raises :class:`StoreError` when the journal cannot be written (not when the disk is full: that is waited
        out) and :class:`RecorderGone`; both end the recording: every later call raises the same.
        """
        if self._failed is not None:
            raise self._failed
        safe: asyncio.Future[list[Written]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Entry(records, sum(map(_size, records)), safe))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_waiting())
        return await safe

    async def _send_waiting(self) -> None:
        try:
            while self._waiting:
                await self._send(self._take())
        finally:
            self._sending = None

    def _take(self) -> list[_Entry]:
        taken, count, size = 0, 0, 0
        for entry in self._waiting:
            count, size = count + len(entry.records), size + entry.size
            if taken and (count > _MOST_RECORDS or size > _MOST_BYTES):
                break
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return batch

    async def _send(self, batch: list[_Entry]) -> None:
        self._number += 1
        records = [record for entry in batch for record in entry.records]
        try:
            message = pack_batch(self._source, self._number, list(map(_redacted, records)))
            answer = await self._host.ask_as(
                self._host.name,
                self._host.ids.fresh(),
                NAME,
                message,
                ROOT_SCOPE,
                (),
                None,
                FOREVER_S,
                LANE_NORMAL,
            )
            outcomes = read_answer(answer)
        except ProtocolError as error:
            if len(batch) == 1:
                self._refuse(batch, error)
            for entry in batch if len(batch) > 1 else ():  # one of them holds what cannot be written
                await self._send([entry])
            return
        except ShoalError as error:
            self._refuse(batch, error)
            return
        for entry in batch:
            mine, outcomes = outcomes[: len(entry.records)], outcomes[len(entry.records) :]
            if not entry.safe.done():
                entry.safe.set_result(mine)

    def _refuse(self, batch: list[_Entry], error: ShoalError) -> None:
        """These cannot be written; when the reason is the journal or the recorder, nothing more can be."""
        if isinstance(error, DeliveryError):
            error = RecorderGone(f"nothing more can be recorded: {error.text}")
        if isinstance(error, StoreError | RecorderGone | SystemClosed):
            self._failed = error
            batch, self._waiting = [*batch, *self._waiting], []
        for entry in batch:
            if not entry.safe.done():
                entry.safe.set_exception(error)


def _redacted(record: Record) -> Record:
    if isinstance(record, TaskEnded) and record.error:
        return record._replace(text=redact(record.text), details=redact_data(record.details))
    if isinstance(record, Event) and record.data:
        return record._replace(data=redact_data(record.data))
    return record


def _size(record: Record) -> int:
    return len(record.payload) if isinstance(record, TaskSubmitted | TaskEnded) else 0
