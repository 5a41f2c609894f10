"""A run with ``journal="messages"``: a row for each message that a handler ended, on both hosts."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import shoal
from shoal.runtime.errors import ConfigError, HandlerError
from shoal.runtime.journal import open_run
from tests.contract.laborers import Purse
from tests.contract.settings import SETTINGS

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Teller(shoal.Agent):
    """Passes numbers on; a negative one fails."""

    async def on_number(self, number: int, ctx: shoal.Context) -> int:
        if number < 0:
            raise ValueError("negative")
        await ctx.tell("listener", f"number {number}")
        return number


class Listener(shoal.Agent):
    """Counts what it hears."""

    heard = 0

    async def on_text(self, text: str) -> None:
        self.heard += 1

    async def on_question(self, question: int) -> int:
        return self.heard


@pytest.fixture(params=["local", "ray"])
def target(request: pytest.FixtureRequest) -> str | None:
    """Each host."""
    if request.param == "local":
        return "local"
    request.getfixturevalue("ray_session")
    return None


def journaling(target: str | None, root: Path) -> Any:
    """A system whose messages are journaled."""
    return shoal.start(target, run="r", runs_root=root, journal="messages", spares=0, **SETTINGS)


def rows(root: Path, columns: str = "*") -> list[tuple[Any, ...]]:
    """What was journaled, in the order of handling."""
    journal = sqlite3.connect(root / "r" / "journal.db")
    try:
        return journal.execute(f"SELECT {columns} FROM messages ORDER BY at").fetchall()
    finally:
        journal.close()


async def test_each_handled_message_has_a_row_with_its_task_its_cause_and_its_outcome(
    target: str | None, tmp_path: Path
) -> None:
    async with journaling(target, tmp_path) as system:
        listener = await system.spawn(Listener, name="listener")
        teller = await system.spawn(Teller, name="teller")
        purse = await system.spawn(Purse, name="purse")
        assert await system.run.task(teller, 7, task="seven") == 7
        with pytest.raises(HandlerError):
            await system.run.task(teller, -1, task="minus one")
        assert await purse.ask(3) == 3
        await listener.ask(0)
    found = rows(tmp_path, "recipient, tag, task, outcome")
    assert sorted(found, key=str) == sorted(
        [
            ("teller", "int", "seven", "done"),
            ("listener", "str", "seven", "done"),
            ("teller", "int", "minus one", "handler_error"),
            ("purse", "int", None, "done"),
            ("listener", "int", None, "done"),
        ],
        key=str,
    )
    by_tag = {(row[4], row[5], row[2]): row for row in rows(tmp_path)}
    asked, told = by_tag["teller", "int", "seven"], by_tag["listener", "str", "seven"]
    assert told[1] == asked[0]
    assert (asked[1], told[3]) == (None, "teller")
    assert all(row[7] > 1_700_000_000 and row[8] >= 0 for row in by_tag.values())
    with open_run("r", root=tmp_path) as reader:
        assert reader.message_count() == 5


async def test_nothing_is_lost_when_many_are_handled_up_to_the_end(tmp_path: Path) -> None:
    async with journaling("local", tmp_path) as system:
        listener = await system.spawn(Listener, name="listener")
        for number in range(3000):
            await listener.tell(str(number))
        assert await listener.ask(0) == 3000
    found = rows(tmp_path, "id, recipient")
    assert len(found) == len(set(found)) == 3001
    assert {recipient for _, recipient in found} == {"listener"}


async def test_a_run_journals_no_messages_unless_it_is_told_to(tmp_path: Path) -> None:
    async with shoal.start("local", run="r", runs_root=tmp_path, **SETTINGS) as system:
        listener = await system.spawn(Listener, name="listener")
        await system.run.task(listener, 0, task="t")
    assert rows(tmp_path) == []


async def test_a_journal_without_a_run_and_one_of_another_kind_are_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="needs a run"):
        shoal.start("local", journal="messages")
    with pytest.raises(ConfigError, match="journal"):
        shoal.start("local", run="r", journal="everything")


class Retrying(shoal.Agent):
    """Fails twice at each message, and says what it did."""

    on_error = "retry"
    retries = 3

    async def on_number(self, number: int, ctx: shoal.Context) -> int:
        ctx.note_span("tool", "count", at=1.8e9, took_s=0.25, data={"attempt": ctx.attempt}, key="k")
        if ctx.attempt < 2:
            raise ValueError("not yet")
        return number


async def test_a_message_says_how_it_came_and_a_span_belongs_to_it(
    target: str | None, tmp_path: Path
) -> None:
    async with journaling(target, tmp_path) as system:
        agent = await system.spawn(Retrying, name="agent")
        assert await system.run.task(agent, 7, task="seven") == 7
        assert await agent.ask(8) == 8
    with open_run("r", root=tmp_path) as reader:
        (message,) = reader.messages("seven")
        assert (message.kind, message.attempt, message.outcome) == ("ask", 3, "done")
        assert message.queued_s is not None
        assert message.queued_s >= 0
        assert message.took_s is not None
        assert message.took_s > 0.1  # both pauses between its attempts are in it
        (span,) = reader.spans("seven")
        assert (span.parent, span.task, span.agent, span.kind, span.name) == (
            message.id,
            "seven",
            "agent",
            "tool",
            "count",
        )
        assert (span.at, span.took_s, span.outcome, span.data) == (1.8e9, 0.25, "ok", {"attempt": 0})
        assert len(reader.spans()) == 2
    assert [row[0] for row in rows(tmp_path, "attempt")] == [3, 3]


async def test_a_span_is_noted_nowhere_in_a_run_that_journals_no_messages(tmp_path: Path) -> None:
    async with shoal.start("local", run="r", runs_root=tmp_path, **SETTINGS) as system:
        agent = await system.spawn(Retrying, name="agent")
        assert await system.run.task(agent, 7, task="seven") == 7
    with open_run("r", root=tmp_path) as reader:
        assert reader.spans() == []


class Busy(shoal.Agent):
    """Does one thing at a time, as long as it is let."""

    async def on_text(self, text: str, ctx: shoal.Context) -> str:
        if text == "long":
            await asyncio.Event().wait()
        return text


async def test_a_message_that_is_taken_back_before_it_was_begun_has_a_row_too(tmp_path: Path) -> None:
    async with journaling("local", tmp_path) as system:
        busy = await system.spawn(Busy, name="busy")
        asks = [asyncio.ensure_future(busy.ask(text)) for text in ("long", "waiting")]
        await asyncio.sleep(0)
        while not (await system.health())[0]["waiting"]:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        for ask in reversed(asks):  # the one that waits is taken back first
            ask.cancel()
            await asyncio.gather(ask, return_exceptions=True)
    outcomes = sorted(rows(tmp_path, "tag, outcome, took_s < 0.01"), key=str)
    assert [one[1] for one in outcomes] == ["cancelled", "cancelled"]
