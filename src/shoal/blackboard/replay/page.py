"""A region at one revision, as a page: what it is, and what was there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from shoal.blackboard.replay.causes import Message
from shoal.blackboard.replay.lines import who
from shoal.blackboard.replay.stories import Story
from shoal.blackboard.version import Item, State, Version
from shoal.runtime.journal.pages import ago
from shoal.runtime.terminal.text import clipped, plain, printable, value_text

_VALUE_CHARS = 300
_STATES: dict[State, tuple[str, str]] = {
    "open": ("○", "cyan"),
    "claimed": ("▶", "yellow"),
    "done": ("✓", "green"),
    "dead": ("✗", "red"),
}


class Facts(NamedTuple):
    """What the page says above its entries."""

    name: str
    region: str
    regions: Sequence[str]
    revision: int
    newest: int
    compacted: int
    last: Story | None
    """What was written at the revision; ``None``: nothing, or it is not kept."""
    message: Message | None
    """What made it be written."""
    status: str
    source: str


def board_page(
    state: Sequence[Version], facts: Facts, *, prefix: str, limit: int, now: float
) -> RenderableType:
    """``state``: what was there under ``prefix``, in order; ``limit``: how many of it to show."""
    parts: list[RenderableType] = [_panel(state, facts, prefix, now)]
    if state and limit:
        parts.append(_table(state[:limit]))
    if len(state) > limit:
        parts.append(Text(f"and {len(state) - limit:,} more (--limit {len(state)})", "dim"))
    return Group(*parts)


def _panel(state: Sequence[Version], facts: Facts, prefix: str, now: float) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    if facts.status:
        table.add_row("run", facts.status)
    table.add_row("region", _region(facts))
    table.add_row("revision", _revision(facts))
    if facts.last is not None:
        table.add_row("written", f"{datetime.fromtimestamp(facts.last.at).astimezone():%Y-%m-%d %H:%M:%S} "
                      f"({ago(now - facts.last.at)})")  # fmt: skip
        table.add_row("by", who(facts.last, facts.message))
    table.add_row("holds", holds_text(state, prefix))
    table.add_row("file", plain(facts.source))
    return Panel(table, title=Text(printable(facts.name), "bold"), title_align="left", expand=False)


def _region(facts: Facts) -> Text:
    text = Text(printable(facts.region))
    others = [printable(each) for each in facts.regions if each != facts.region]
    return (
        text.append(f"  there {'are' if len(others) > 1 else 'is'} also {', '.join(others)}", "dim")
        if others
        else text
    )


def _revision(facts: Facts) -> Text:
    text = Text(f"{facts.revision:,}")
    if facts.revision < facts.newest:
        text.append(f" of {facts.newest:,}")
    if facts.compacted:
        text.append(f"  {facts.compacted:,} is the oldest that is kept", "dim")
    return text


def holds_text(state: Sequence[Version], prefix: str) -> Text:
    """How many entries and work items there are, and in which states."""
    states = Counter(version.item.state for version in state if version.item is not None)
    items = sum(states.values())
    plain = len(state) - items
    text = Text(_count(plain, "entry", "entries") if plain or not items else "")
    if items:
        text.append(", " if plain else "").append(_count(items, "work item", "work items")).append(": ")
        parts = [Text(f"{states[each]:,} {each}", _STATES[each][1]) for each in _STATES if states[each]]
        text.append_text(Text(", ").join(parts))
    return text.append(f"  under {printable(prefix)}", "dim") if prefix else text


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _table(state: Sequence[Version]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    items = any(version.item is not None for version in state)
    table.add_column("key", overflow="fold", ratio=2)
    if items:
        table.add_column("item", no_wrap=True)
    table.add_column("value", no_wrap=True, overflow="ellipsis", ratio=5)
    table.add_column("rev", no_wrap=True, justify="right")
    table.add_column("by", no_wrap=True, overflow="ellipsis", max_width=24)
    for version in state:
        state_of_item = item_text(version.item) if version.item is not None else Text()
        table.add_row(
            Text(printable(version.key), "bold"),
            *((state_of_item,) if items else ()),
            _value(version),
            f"{version.mod_revision}",
            Text(printable(version.author)),
        )
    return table


def item_text(item: Item) -> Text:
    """The state of a work item."""
    sign, style = _STATES[item.state]
    return Text().append(f"{sign} {item.state}", style)


def _value(version: Version) -> Text:
    """What matters now: who has an item, what it came to, why it is dead; and the value."""
    assert version.value is not None
    text = Text()
    item = version.item
    if item is not None and item.state == "claimed":
        text.append(f"{clipped(str(item.holder), 40)} has it · ", "yellow")
    if item is not None and item.state == "dead" and item.errors:
        text.append(f"{clipped(item.errors[-1], 80)} · ", "red")
    if item is not None and item.result is not None:
        text.append(value_text(*item.result, 80), "green").append(" ← ", "dim")
    return text.append(value_text(*version.value, _VALUE_CHARS))
