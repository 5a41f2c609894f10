"""One entry at one revision, as a page: who wrote it because of what, how its work stands, and the whole value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.highlighter import JSONHighlighter
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from shoal.blackboard.replay.causes import Message
from shoal.blackboard.replay.deeds import seconds
from shoal.blackboard.replay.lines import BOARD, message_text
from shoal.blackboard.replay.page import item_text
from shoal.blackboard.store.keys import is_own
from shoal.blackboard.version import Item, Value, Version
from shoal.runtime.journal.pages import ago
from shoal.runtime.provenance import Origin
from shoal.runtime.redaction import redact_data
from shoal.runtime.terminal.data import as_json, data_of, type_name
from shoal.runtime.terminal.text import clipped, printable, value_text

_ERROR_CHARS = 2000


def entry_page(
    version: Version, *, region: str, causes: Sequence[Message], ttl: str, now: float
) -> RenderableType:
    """``causes``: the message that made it be written, the one behind that, and so on; ``ttl``: of its lease."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in _facts(version, region, now):
        table.add_row(name, fact)
    for place, message in enumerate(causes):
        table.add_row("" if place else "because of", _cause(message, version.author if not place else ""))
    if not causes and version.message_id:
        table.add_row("because of", f"message {version.message_id.hex()}")
    if version.lease is not None:
        own = is_own(version.lease)
        table.add_row(
            "lives", f"for {ttl} after its last put" if own else f"as long as lease {version.lease}, of {ttl}"
        )
    if version.item is not None:
        for name, fact in _item_facts(version.item):
            table.add_row(name, fact)
    assert version.value is not None
    title = Text(printable(version.key), "bold")
    return Group(Panel(table, title=title, title_align="left", expand=False), _whole(version.value))


def _facts(version: Version, region: str, now: float) -> Iterator[tuple[str, Text | str]]:
    assert version.value is not None
    yield "region", printable(region)
    yield "type", printable(type_name(version.value.tag) or version.value.tag)
    made = f", which came to be at {version.create_revision}" if version.version > 1 else ""
    yield "revision", f"{version.mod_revision:,}: version {version.version:,} of the key{made}"
    yield (
        "written",
        f"{datetime.fromtimestamp(version.at).astimezone():%Y-%m-%d %H:%M:%S} ({ago(now - version.at)})",
    )
    yield "by", printable(version.author) or BOARD
    if version.task is not None:
        yield "task", printable(version.task)
    if version.origin:
        yield "origin", f"{Origin(version.origin).name.lower()}: the worst of what it was made from"


def _cause(message: Message, author: str) -> Text:
    """``author``: who wrote, for the message that comes first; the others are those behind it."""
    if message.sender == author:
        text = Text("no message: it was written from outside of any handler")
    else:
        text = Text("" if author else "← ", "dim").append(message_text(message), "not dim")
    text.append(f"  {message.id.hex()}")
    return text.append(f", {printable(message.outcome)}" if message.outcome not in ("", "done") else "")


def _item_facts(item: Item) -> Iterator[tuple[str, Text | str]]:
    state = item_text(item)
    if item.holder is not None:
        state.append(
            f", {printable(item.holder)} has it for {seconds(item.lease_s)} at a time (token {item.token})"
        )
    yield "work item", state
    yield "attempts", f"{item.attempts} of {item.max_attempts}"
    if item.priority:
        yield "priority", f"{item.priority}"
    if item.tags:
        yield "tags", printable(", ".join(item.tags))
    if item.depends_on:
        yield "after", printable(", ".join(item.depends_on))
    for place, error in enumerate(item.errors):
        yield "" if place else "errors", Text(clipped(error, _ERROR_CHARS), "red")
    if item.result is not None:
        yield "result", Text(value_text(*item.result, _ERROR_CHARS), "green")


def _whole(value: Value) -> Text:
    """All of a value but secrets: a text as it is, anything else as JSON."""
    data = redact_data(data_of(value.payload))
    if type(data) is str:
        return Text("\n".join(map(printable, data.splitlines())))
    lines = json.dumps(as_json(data), ensure_ascii=False, indent=2).splitlines()
    text = Text("\n".join(map(printable, lines)))
    JSONHighlighter().highlight(text)
    return text
