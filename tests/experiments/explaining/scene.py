"""Journals of tasks made by hand: entries with few words. Times are seconds after 1000."""

from __future__ import annotations

from itertools import count
from typing import Any

from shoal.experiments.explaining.trace import TaskFacts
from shoal.runtime.journal.entries import MessageEntry, SpanEntry
from shoal.runtime.journal.reader import EventEntry

BEGIN = 1000.0
TASK = "t17"
_numbers = count(1)


def hex_id(name: str) -> str:
    """The id of a message that a test calls by a name."""
    return name.encode().hex()


def facts(**changed: Any) -> TaskFacts:
    """A task that took three seconds."""
    made = TaskFacts("run", TASK, "done", "team", "app:Ticket", hex_id("a"), 1, BEGIN, BEGIN + 3.0)
    return made._replace(**changed)


def message(
    name: str,
    cause: str | None,
    sender: str,
    recipient: str,
    at: float,
    took_s: float | None = 0.1,
    **changed: Any,
) -> MessageEntry:
    """A message that was asked and handled; ``name`` and ``cause`` stand for ids."""
    entry = MessageEntry(
        hex_id(name), None if cause is None else hex_id(cause), TASK, sender, recipient, "app:Ticket", 100, BEGIN + at,
        took_s, "done", 0.001, "ask", 1,
    )  # fmt: skip
    return entry._replace(**changed)


def span(
    parent: str, agent: str, kind: str, name: str, at: float, took_s: float = 0.05, **changed: Any
) -> SpanEntry:
    """Something that happened while a message was handled."""
    number = next(_numbers)
    entry = SpanEntry(f"{number:016x}", hex_id(parent), TASK, agent, kind, name, BEGIN + at, took_s, "ok", {})
    return entry._replace(**changed)


def model(
    parent: str, agent: str, at: float, *, given: int = 100, taken: int = 10, usd: float = 0.01, **data: Any
) -> SpanEntry:
    """A model call."""
    said = {
        "model": "tiny",
        "input_tokens": given,
        "output_tokens": taken,
        "usd": usd,
        "priced": True,
        "attempts": 1,
    }
    return span(parent, agent, "model", "tiny", at, data={**said, **data})


def event(kind: str, agent: str | None, at: float, task: str | None = None, **data: Any) -> EventEntry:
    """Something that happened to an agent or a task."""
    return EventEntry(next(_numbers), BEGIN + at, kind, agent, task, data)


def team() -> list[MessageEntry]:
    """A team that asks two members and a writer; the second member fails."""
    return [
        message("a", None, "local", "team", 0.01, 2.9),
        message("b", "a", "team", "team/one", 0.1, 0.5),
        message("c", "a", "team", "team/two", 0.1, 0.4, outcome="handler_error"),
        message("d", "a", "team", "team/writer", 1.0, 1.5),
        message("e", "b", "team/one", "team/checker", 0.2, 0.1),
    ]
