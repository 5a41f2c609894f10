"""The scribe: one host's way to the journal of messages (``journal="messages"``). Handlers never wait for it.

Each message that a handler ended is a row in a list, and each span (:meth:`Context.note_span`) one in another. Once
there are 1,024, or a tenth of a second after the first, they are packed and written through the recorder, one batch at
a time, so the lists tell how far behind the recorder is. Rows beyond their limit are dropped, and counted in an event
that goes with the next batch.

Processor time a message, on 2 cores that others used too: 0.5 µs to note it, 0.9 µs for its part in a batch and in the
sending of it, 1.2 µs in the recorder's process, and 3 µs there later, when there is time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from os import urandom
from typing import Any

from shoal.runtime.delivery import Delivery
from shoal.runtime.envelope import Envelope
from shoal.runtime.errors import ProtocolError, ShoalError
from shoal.runtime.host import Host
from shoal.runtime.journal.happenings import MESSAGES_DROPPED
from shoal.runtime.journal.outcomes import Written
from shoal.runtime.journal.records import (
    Event,
    MessageRow,
    Record,
    SpanRow,
    messages_handled,
    spans_noted,
)
from shoal.runtime.journal.trace_ids import SPAN_BYTES, span_id
from shoal.runtime.recorder import NAME as RECORDER
from shoal.runtime.recording import Recording
from shoal.runtime.span_redaction import redacted

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
        """``write``: as :meth:`Recording.write`; ``most``: messages, and spans, that wait at most."""
        self.dropped = 0
        """Messages that are lost and not yet told of."""
        self.dropped_spans = 0
        """Spans that are."""
        self._host = host
        self._write = write
        self._most = most
        self._rows: list[MessageRow] = []
        self._spans: list[SpanRow] = []
        self._look_at = 1
        """At this many messages something is to be done: a timer set, a batch sent, or a row dropped."""
        self._timer: asyncio.TimerHandle | None = None
        self._sending: asyncio.Task[None] | None = None
        self._closing = False
        self._failed = False
        self._since_1970 = time.time() - _clock()

    def of(self, address: str) -> Scribe | None:
        """Who notes the messages of this agent: nobody those of the recorder, which would never end."""
        return self if address != RECORDER else None

    def note(self, delivery: Delivery, began: float, outcome: str, retries: int = 0) -> None:
        """This message was handled from ``began`` (``time.monotonic``) until now: ``done``, or why not.

        ``retries``: how often this process had tried before.
        """
        message_id, kind, sender, recipient, tag, payload, _, attempt, scope = delivery.envelope
        task = cause = None
        if scope is not None:
            task, cause = scope.task, scope.cause
        rows = self._rows
        rows.append(
            (
                message_id, cause, task, sender, recipient, tag, len(payload), self._since_1970 + began,
                _clock() - began, outcome, began - delivery.arrived, kind, attempt + retries,
            )
        )  # fmt: skip
        if len(rows) >= self._look_at:
            self._look()

    def span(
        self,
        message: Envelope | None,
        agent: str,
        kind: str,
        name: str,
        at: float,
        took_s: float,
        outcome: str,
        data: Mapping[str, Any],
        key: str,
    ) -> None:
        """See :meth:`Context.note_span`; ``message`` is what is handled, ``None`` in a hook."""
        spans = self._spans
        if self._failed or len(spans) >= self._most:
            self.dropped_spans += 1
            return
        task, parent, own_id = None, b"", urandom(SPAN_BYTES)
        if message is not None:
            parent, own_id = message.id, span_id(message.id, kind, key)
            task = message.scope.task if message.scope is not None else None
        spans.append((own_id, parent, task, agent, kind, name, float(at), float(took_s), outcome, dict(data)))
        if self._sending is None:
            self._send_soon()

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
        self._give_up()

    @property
    def _more(self) -> bool:
        """Whether a batch is to be sent at once."""
        if self._closing:
            waiting = self._rows or self._spans or self.dropped or self.dropped_spans
            return not self._failed and bool(waiting)
        return len(self._rows) >= BATCH or len(self._spans) >= BATCH

    def _look(self) -> None:
        if self._failed or self._sending is not None:
            self._rows.pop()
            self.dropped += 1
        else:
            self._send_soon()

    def _send_soon(self) -> None:
        """Now when there is a batch, else when there is one or a moment has passed."""
        if self._more:
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
                rows, self._rows = self._rows[:BATCH], self._rows[BATCH:]
                spans, self._spans = self._spans[:BATCH], self._spans[BATCH:]
                await self._send_batch(rows, spans)
                if not self._more:
                    break
        except ShoalError as error:
            self._give_up()
            _log.warning("%s journals no more messages: %s", self._host, error)
        finally:
            self._sending = None
        if not self._failed:
            self._look_at = 1
            if self._rows or self._spans:
                self._send_soon()

    async def _send_batch(self, rows: list[MessageRow], spans: list[SpanRow]) -> None:
        records = [*self._packed_rows(rows), *self._packed_spans(redacted(spans))]
        if self.dropped or self.dropped_spans:
            told = {"count": self.dropped, "spans": self.dropped_spans}
            self.dropped = self.dropped_spans = 0
            records.append(Event(time.time(), MESSAGES_DROPPED, self._host, None, told))
        if records:
            await self._write(records)

    def _packed_rows(self, rows: list[MessageRow]) -> list[Record]:
        """The record of these messages; those that cannot be written are dropped."""
        records, lost = _packed(messages_handled, rows, self._host)
        self.dropped += lost
        return records

    def _packed_spans(self, spans: list[SpanRow]) -> list[Record]:
        records, lost = _packed(spans_noted, spans, self._host)
        self.dropped_spans += lost
        return records

    def _give_up(self) -> None:
        self._failed, self._look_at = True, 1
        self._rows.clear()
        self._spans.clear()


def _packed(pack: Callable[[Any], Record], rows: list[Any], host: str) -> tuple[list[Record], int]:
    """The records of these rows, and how many cannot be written."""
    try:
        return ([pack(rows)] if rows else []), 0
    except ProtocolError as error:
        if len(rows) == 1:
            _log.warning("%s: %s", host, error)
            return [], 1
    half = len(rows) // 2
    (first, lost), (second, more) = (_packed(pack, part, host) for part in (rows[:half], rows[half:]))
    return [*first, *second], lost + more


def give_scribe(host: Host) -> None:
    """From now on the messages of this host are journaled; those of the recorder never are."""
    if host.config.journal == "messages" and host.name != RECORDER:
        host.scribe = Scribe(host.name, Recording(host).write)
