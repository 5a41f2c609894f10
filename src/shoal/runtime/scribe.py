"""The scribe: one host's way to the journal of messages (``journal="messages"``). Handlers never wait for it.

Each message that a handler ended is a row in a list. Once there are 1,024, or a tenth of a second after the first, they
are packed and written through the recorder, one batch at a time, so the list tells how far behind the recorder is. Rows
beyond its limit are dropped, and counted in an event that goes with the next batch.

Processor time a message: 0.4 µs to note it, 0.3 µs for its part in a batch, and 1.5 µs in the recorder's process.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from shoal.runtime.envelope import Envelope
from shoal.runtime.errors import ProtocolError, ShoalError
from shoal.runtime.host import Host
from shoal.runtime.journal.happenings import MESSAGES_DROPPED
from shoal.runtime.journal.outcomes import Written
from shoal.runtime.journal.records import Event, MessageRow, Record, messages_handled
from shoal.runtime.recorder import NAME as RECORDER
from shoal.runtime.recording import Recording

BATCH = 1024
_DELAY_S = 0.1
_MOST_WAITING = 50_000
"""Rows kept while the recorder is away or behind: some 15 MB."""
_log = logging.getLogger("shoal.scribe")
_clock = time.monotonic
Write = Callable[[Sequence[Record]], Awaitable[list[Written]]]


class Scribe:
    """Of one host. Use from its event loop only."""

    def __init__(self, host: str, write: Write, *, most: int = _MOST_WAITING) -> None:
        """``write``: as :meth:`Recording.write`; ``most``: rows that wait at most."""
        self.dropped = 0
        """Rows that are lost and not yet told of."""
        self._host = host
        self._write = write
        self._most = most
        self._rows: list[MessageRow] = []
        self._look_at = 1
        """At this many rows something is to be done: a timer set, a batch sent, or a row dropped."""
        self._timer: asyncio.TimerHandle | None = None
        self._sending: asyncio.Task[None] | None = None
        self._closing = False
        self._failed = False
        self._since_1970 = time.time() - _clock()

    def of(self, address: str) -> Scribe | None:
        """Who notes the messages of this agent: nobody those of the recorder, which would never end."""
        return self if address != RECORDER else None

    def note(self, envelope: Envelope, started: float, outcome: str) -> None:
        """This message was handled from ``started`` (``time.monotonic``) until now: ``done``, or why not."""
        scope = envelope.scope
        task = cause = None
        if scope is not None:
            task, cause = scope.task, scope.cause
        message_id, _, sender, recipient, tag, payload, _, _, _ = envelope
        rows = self._rows
        rows.append(
            (
                message_id, cause, task, sender, recipient, tag, len(payload), self._since_1970 + started,
                _clock() - started, outcome,
            )
        )  # fmt: skip
        if len(rows) >= self._look_at:
            self._look()

    async def close(self, limit_s: float) -> None:
        """Write what waits, as long as ``limit_s`` allows; what is noted later is dropped."""
        self._closing = True
        if self._sending is None and self._more:
            self._send_now()
        if self._sending is not None:
            await asyncio.wait([self._sending], timeout=limit_s)
        if self._sending is not None:
            self._sending.cancel()
            _log.warning("%s: its last messages are not journaled, the recorder is behind", self._host)
        self._failed, self._look_at = True, 1
        self._rows.clear()

    @property
    def _more(self) -> bool:
        """Whether a batch is to be sent at once."""
        if self._closing:
            return not self._failed and bool(self._rows or self.dropped)
        return len(self._rows) >= BATCH

    def _look(self) -> None:
        if self._failed or self._sending is not None:
            self._rows.pop()
            self.dropped += 1
        elif len(self._rows) >= BATCH:
            self._send_now()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_DELAY_S, self._send_now)
            self._look_at = BATCH

    def _send_now(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._look_at = self._most + 1
        self._sending = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        """Send a batch, and go on while there are whole ones."""
        try:
            while True:
                self._since_1970 = time.time() - _clock()  # the wall clock may have been set
                taken, self._rows = self._rows[:BATCH], self._rows[BATCH:]
                await self._send_batch(taken)
                if not self._more:
                    break
        except ShoalError as error:
            self._failed, self._look_at = True, 1
            self._rows.clear()
            _log.warning("%s journals no more messages: %s", self._host, error)
        finally:
            self._sending = None
        if not self._failed:
            self._look_at = 1
            if self._rows:
                self._look()

    async def _send_batch(self, rows: list[MessageRow]) -> None:
        records: list[Record] = self._packed(rows)
        if self.dropped:
            told, self.dropped = self.dropped, 0
            records.append(Event(time.time(), MESSAGES_DROPPED, self._host, None, {"count": told}))
        if records:
            await self._write(records)

    def _packed(self, rows: list[MessageRow]) -> list[Record]:
        """The record of these rows; those that cannot be written are dropped."""
        try:
            return [messages_handled(rows)] if rows else []
        except ProtocolError as error:
            if len(rows) == 1:
                self.dropped += 1
                _log.warning("%s: %s", self._host, error)
                return []
            half = len(rows) // 2
            return [*self._packed(rows[:half]), *self._packed(rows[half:])]


def give_scribe(host: Host) -> None:
    """From now on the messages of this host are journaled; those of the recorder never are."""
    if host.config.journal == "messages" and host.name != RECORDER:
        host.scribe = Scribe(host.name, Recording(host).write)
