"""Two revisions of a region beside each other: which keys came, went and changed. Pure but for its lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from rich.text import Text

from shoal.blackboard.replay.lines import VALUE_CHARS, change_text, value_changes
from shoal.blackboard.replay.page import item_text
from shoal.blackboard.replay.records import change_record, version_record
from shoal.blackboard.version import Item, Version
from shoal.runtime.terminal.output import Line
from shoal.runtime.terminal.text import clipped, printable, value_text


class Difference(NamedTuple):
    """A key that differs."""

    key: str
    before: Version | None
    after: Version | None
    gone: Version | None = None
    """The deletion, where there is no ``after``."""


def differences(before: Iterable[Version], after: Iterable[Version]) -> Iterator[Difference]:
    """The keys that differ, in order: also those whose value was put again, or that came to be anew."""
    old = {version.key: version for version in before}
    new = {version.key: version for version in after}
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        if was is None or now is None or was.mod_revision != now.mod_revision:
            yield Difference(key, was, now)


def difference_lines(difference: Difference) -> Iterator[Line]:
    """A key and what became of it, then its changes."""
    key, before, after, gone = difference
    last = after or gone
    sign, style = ("+", "green") if before is None else ("-", "red") if after is None else ("~", "yellow")
    text = Text().append(f"{sign} ", style).append(printable(key), f"bold {style}")
    if last is not None:
        text.append(
            f"  {last.mod_revision}, by {printable(last.author) or 'the board itself, a lease ran out'}",
            "dim",
        )
    yield Line(text, 4)
    if before is None or after is None:
        there = before or after
        assert there is not None
        assert there.value is not None
        yield Line(Text("    ").append(value_text(*there.value, VALUE_CHARS), style), 6)
        return
    assert before.value is not None
    assert after.value is not None
    found = value_changes(before.value, after.value)
    for change in found:
        yield Line(Text("    ").append_text(change_text(change)), 6)
    if before.item != after.item and before.item is not None and after.item is not None:
        yield Line(Text("    ").append_text(_item_change(before.item, after.item)), 6)
    elif not found:
        yield Line(Text("    put again, the same", "dim"), 6)


def difference_record(difference: Difference) -> dict[str, Any]:
    """As JSON; ``changes`` are those of the value, ``null`` where there is none on one side."""
    key, before, after, gone = difference
    found = None
    if before is not None and after is not None:
        assert before.value is not None
        assert after.value is not None
        found = [change_record(change) for change in value_changes(before.value, after.value)]
    sides = {"before": before, "after": after, "deletion": gone}
    records = {name: version_record(side) if side is not None else None for name, side in sides.items()}
    return {"key": key, **records, "changes": found}


def _item_change(was: Item, now: Item) -> Text:
    """``open → done: 8 · attempt 1 of 3``."""
    text = item_text(was).append(" → ", "dim") if was.state != now.state else Text()
    text.append_text(item_text(now))
    if now.holder is not None:
        text.append(f" by {printable(now.holder)}")
    if now.result is not None:
        text.append(": ").append(value_text(*now.result, VALUE_CHARS))
    if now.attempts:
        text.append(f" · attempt {now.attempts} of {now.max_attempts}", "dim")
    if now.errors and now.errors != was.errors:
        text.append(f" · {clipped(now.errors[-1], VALUE_CHARS)}", "red")
    return text
