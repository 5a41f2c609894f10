"""What an agent does while it handles a message is in the journal: its models, tools and boards."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import shoal
from shoal.actors.llm import LLMAgent
from shoal.actors.tools.function_tool import tool
from shoal.blackboard.errors import Conflict
from shoal.models.chat import Usage
from shoal.models.errors import ModelUnavailable
from shoal.models.scripted import Reply, ScriptedModel, wants
from shoal.models.spec import Model, Retry
from shoal.runtime.journal.entries import SpanEntry
from shoal.runtime.journal.reader import RunReader

USAGE = Usage(input_tokens=100, output_tokens=10, cached_tokens=40, reasoning_tokens=5)


@tool
async def weather(town: str) -> str:
    """The weather in a town."""
    if town == "Atlantis":
        raise LookupError("there is no such town")
    return "rain"


class Impatient(ScriptedModel):
    """Is asked once."""

    spec = Model(model="broken", provider="scripted", script="given", retry=Retry(attempts=1))


class Writer(shoal.Agent):
    """Works on the board."""

    async def on_text(self, text: str, ctx: shoal.Context) -> int:
        board = ctx.board
        written = await board.put("notes/1", text)
        await board.put("notes/1", text + "!")
        with contextlib.suppress(Conflict):
            await board.compare_and_set("notes/1", "mine", expected=written)
        await board.get("notes/1")
        await board.get("notes/1")
        return len(await board.range("notes/"))


async def spans_of(root: Path, agent: Any, message: Any, **settings: Any) -> list[SpanEntry]:
    """The spans of a task."""
    async with shoal.start("local", run="r", runs_root=root, **settings) as system:
        await system.board().open()
        await system.run.task(await system.spawn(agent, name="one"), message, task="t")
    with RunReader(root / "r") as reader:
        return reader.spans("t")


async def test_each_model_that_was_asked_has_a_span_with_what_it_took(tmp_path: Path) -> None:
    broken = Impatient([ModelUnavailable("down")], name="broken")
    agent = LLMAgent(broken, fallback=[ScriptedModel([Reply("ok", usage=USAGE)], name="good")], name="asker")
    first, second = await spans_of(tmp_path, agent, "hello", journal="messages")
    assert (first.kind, first.name, first.outcome) == ("model", "broken", "unavailable")
    assert (second.kind, second.name, second.outcome) == ("model", "good", "ok")
    assert first.at <= second.at
    assert second.agent == "one"
    assert len(bytes.fromhex(second.id)) == 8
    expected = {
        "model": "good", "input_tokens": 100, "output_tokens": 10, "cached_tokens": 40, "reasoning_tokens": 5,
        "tokens": 110, "nano_usd": 0, "attempts": 1, "fallback": True, "role": "asker", "step": 1, "task": "t",
        "sender": "local", "edge": "local -> one",
    }  # fmt: skip
    assert expected.items() <= second.data.items()


async def test_each_tool_that_was_called_or_refused_has_a_span(tmp_path: Path) -> None:
    replies = [
        [wants("weather", town="Ulm"), wants("weather", town="Atlantis"), wants("magic")],
        Reply("done"),
    ]
    agent = LLMAgent(ScriptedModel(replies), tools=[weather])
    spans = [one for one in await spans_of(tmp_path, agent, "hi", journal="messages") if one.kind == "tool"]
    assert {(span.name, span.outcome, span.data["made"]) for span in spans} == {
        ("weather", "ok", True), ("weather", "LookupError", True), ("magic", "ToolUnknown", False),
    }  # fmt: skip
    assert {span.parent for span in spans} == {spans[0].parent}
    assert all(span.data["arguments_size"] and span.data["result_size"] for span in spans)


async def test_each_operation_on_a_board_has_a_span_with_its_key_and_revision(tmp_path: Path) -> None:
    spans = await spans_of(tmp_path, Writer(), "hello", journal="messages")
    found = [(span.kind, span.name, span.data["key"], span.outcome) for span in spans]
    assert found == [
        ("board", "put", "notes/1", "ok"),
        ("board", "put", "notes/1", "ok"),
        ("board", "put", "notes/1", "Conflict"),
        ("board", "get", "notes/1", "ok"),
        ("board", "get", "notes/1", "ok"),
        ("board", "range", "notes/", "ok"),
    ]
    revisions = [span.data["revision"] for span in spans]
    assert revisions == [revisions[0], revisions[0] + 1, None, *[revisions[0] + 1] * 3]
    assert len({span.id for span in spans}) == 6


async def test_a_run_that_journals_no_messages_has_no_spans(tmp_path: Path) -> None:
    assert await spans_of(tmp_path, Writer(), "hello") == []
