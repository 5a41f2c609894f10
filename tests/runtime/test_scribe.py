"""The scribe beside a recorder that is slow, or away: handlers never wait, and what is lost is counted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest

from shoal.runtime.envelope import Envelope, Scope
from shoal.runtime.journal.errors import RecorderGone
from shoal.runtime.journal.outcomes import Written
from shoal.runtime.journal.records import Event, MessagesHandled, Record
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
        return [row[0] for one in found for row in json.loads(one.as_json())]

    @property
    def told_dropped(self) -> list[int]:
        events = [one for batch in self.batches for one in batch if isinstance(one, Event)]
        assert {event.kind for event in events} <= {"messages_dropped"}
        return [event.data["count"] for event in events]


def handled(number: int, scope: Scope | None = None) -> Envelope:
    return Envelope(number.to_bytes(12, "big"), 0, "a", "b", "int", b"x", 2, 1, scope)


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
