"""The scribe beside a recorder that is slow, or away: handlers never wait, and what is lost is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from shoal.runtime.delivery import ENCODED, Delivery
from shoal.runtime.envelope import Envelope, Scope
from shoal.runtime.journal.batches import unpack_rows
from shoal.runtime.journal.errors import RecorderGone
from shoal.runtime.journal.outcomes import Written
from shoal.runtime.journal.records import Event, MessagesHandled, Record, SpansNoted
from shoal.runtime.journal.trace_ids import span_id
from shoal.runtime.recorder import NAME as RECORDER
from shoal.runtime.scribe import BATCH, Scribe


class Slow:
    """Writes nothing before it is let to."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.written = asyncio.Event()
        self.batches: list[Sequence[Record]] = []

    async def write(self, records: Sequence[Record]) -> list[Written]:
        await self.open.wait()
        self.batches.append(records)
        self.written.set()
        return [None] * len(records)

    @property
    def lengths(self) -> list[int]:
        return [one.length for batch in self.batches for one in batch if isinstance(one, MessagesHandled)]

    @property
    def ids(self) -> list[str]:
        found = [one for batch in self.batches for one in batch if isinstance(one, MessagesHandled)]
        return [row[0].hex() for one in found for row in unpack_rows(one.rows)]

    @property
    def told_dropped(self) -> list[int]:
        events = [one for batch in self.batches for one in batch if isinstance(one, Event)]
        assert {event.kind for event in events} <= {"messages_dropped"}
        return [event.data["count"] for event in events]


def handled(number: int, scope: Scope | None = None) -> Delivery:
    envelope = Envelope(number.to_bytes(12, "big"), 0, "a", "b", "int", b"x", 2, 1, scope)
    return Delivery(envelope, ENCODED, None, 0, 0.5, None)


async def turns() -> None:
    """Let what is ready run."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_rows_go_in_batches_in_the_order_in_which_they_were_handled() -> None:
    slow = Slow()
    slow.open.set()
    scribe = Scribe("h", slow.write)
    for number in range(BATCH):
        scribe.note(handled(number), 1.0, "done")
    await turns()
    assert slow.lengths == [BATCH]
    scribe.note(handled(BATCH), 1.0, "done")
    await scribe.close(60)
    assert slow.lengths == [BATCH, 1]
    assert slow.ids == [number.to_bytes(12, "big").hex() for number in range(BATCH + 1)]
    assert scribe.dropped == 0


async def test_a_few_rows_go_by_themselves_after_a_moment() -> None:
    slow = Slow()
    slow.open.set()
    scribe = Scribe("h", slow.write)
    scribe.note(handled(1), 1.0, "done")
    async with asyncio.timeout(60):
        await slow.written.wait()
    assert slow.lengths == [1]
    await scribe.close(60)


async def test_a_recorder_that_is_away_bounds_what_waits_and_hears_how_many_were_dropped() -> None:
    slow = Slow()
    scribe = Scribe("h", slow.write, most=2 * BATCH)
    for number in range(BATCH):
        scribe.note(handled(number), 1.0, "done")
    await turns()  # these are on their way
    for number in range(BATCH, 3 * BATCH + 7):
        scribe.note(handled(number), 1.0, "done")
    assert scribe.dropped == 7
    slow.open.set()
    await scribe.close(60)
    assert slow.lengths == [BATCH] * 3
    assert slow.told_dropped == [7]
    assert slow.ids == [number.to_bytes(12, "big").hex() for number in range(3 * BATCH)]


async def test_closing_waits_no_longer_than_it_may_and_what_comes_after_is_dropped() -> None:
    slow = Slow()
    scribe = Scribe("h", slow.write)
    scribe.note(handled(1), 1.0, "done")
    await scribe.close(0.01)
    scribe.note(handled(2), 1.0, "done")
    slow.open.set()
    await turns()
    assert slow.batches == []


async def test_a_journal_that_cannot_be_written_ends_the_noting_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def gone(records: Sequence[Record]) -> list[Written]:
        raise RecorderGone("it is gone")

    scribe = Scribe("h", gone)
    for number in range(3 * BATCH):
        scribe.note(handled(number), 1.0, "done")
    await turns()
    scribe.note(handled(1), 1.0, "done")
    await scribe.close(60)
    assert [record.getMessage() for record in caplog.records] == ["h journals no more messages: it is gone"]


async def test_a_row_that_cannot_be_written_is_dropped_alone() -> None:
    slow = Slow()
    slow.open.set()
    scribe = Scribe("h", slow.write)
    for number, task in enumerate(["t", "\ud800", "u"]):
        scribe.note(handled(number, Scope(task=task)), 1.0, "done")
    await scribe.close(60)
    assert sum(slow.lengths) == 2
    assert slow.told_dropped == [1]


async def test_what_the_recorder_handles_is_never_noted() -> None:
    scribe = Scribe("h", Slow().write)
    assert scribe.of(RECORDER) is None
    assert scribe.of("a") is scribe


def spans_in(slow: Slow) -> list[list[Any]]:
    found = [one for batch in slow.batches for one in batch if isinstance(one, SpansNoted)]
    return [row for one in found for row in unpack_rows(one.rows)]


async def test_spans_go_beside_the_messages_without_the_secrets_in_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_API_KEY", "topsecret-0123456789")
    slow = Slow()
    slow.open.set()
    scribe = Scribe("h", slow.write)
    delivery = handled(1, Scope(task="t"))
    for _ in range(2):
        data = {"tokens": 7, "said": "topsecret-0123456789", "deep": {"x": ["topsecret-0123456789"]}}
        scribe.span(
            delivery.envelope,
            "a",
            "model",
            "m topsecret-0123456789",
            1.5,
            0.5,
            "no topsecret-0123456789",
            data,
            "k",
        )
    scribe.span(None, "a", "effect", "hook", 2.0, 0.1, "ok", {}, "k")
    scribe.note(delivery, 1.0, "done")
    await scribe.close(60)
    first, again, hook = spans_in(slow)
    assert first == again
    assert first[:5] == [span_id(delivery.envelope.id, "model", "k"), delivery.envelope.id, "t", "a", "model"]
    assert (first[9]["tokens"], hook[1], hook[2]) == (7, b"", None)
    assert "topsecret" not in repr(first)
    assert slow.lengths == [1]


async def test_a_span_that_cannot_be_written_is_dropped_alone_and_told_of() -> None:
    slow = Slow()
    slow.open.set()
    scribe = Scribe("h", slow.write)
    for name in ("a", "\ud800", "b"):
        scribe.span(None, "a", "tool", name, 1.0, 0.1, "ok", {}, "")
    odd: dict[Any, Any] = {"odd": {1, 2}, 5: object()}
    scribe.span(None, "a", "tool", "c", 1.0, 0.1, "ok", odd, "")
    await scribe.close(60)
    assert sorted(row[5] for row in spans_in(slow)) == ["a", "b", "c"]
    events = [one for batch in slow.batches for one in batch if isinstance(one, Event)]
    assert [event.data for event in events] == [{"count": 0, "spans": 1}]


async def test_spans_that_wait_are_bounded_too() -> None:
    slow = Slow()
    scribe = Scribe("h", slow.write, most=BATCH)
    for number in range(BATCH + 5):
        scribe.span(None, "a", "tool", str(number), 1.0, 0.1, "ok", {}, "")
    assert scribe.dropped_spans == 5
    slow.open.set()
    await scribe.close(60)
    assert len(spans_in(slow)) == BATCH


async def test_a_message_says_how_long_it_waited_and_which_try_it_was() -> None:
    slow = Slow()
    slow.open.set()
    scribe = Scribe("h", slow.write)
    scribe.note(handled(1), 2.0, "done", 3)
    await scribe.close(60)
    (batch,) = slow.batches
    assert isinstance(batch[0], MessagesHandled)
    (row,) = unpack_rows(batch[0].rows)
    assert row[10:] == [1.5, 0, 4]
