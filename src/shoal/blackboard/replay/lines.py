"""Stories as lines on a terminal: what happened, and below it when, by whom and because of which message."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.text import Text

from shoal.blackboard.replay.causes import Message
from shoal.blackboard.replay.changes import ABSENT, Change, changes, redacted
from shoal.blackboard.replay.stories import Happening, Story
from shoal.blackboard.version import Value
from shoal.runtime.provenance import Origin
from shoal.runtime.terminal.data import data_of, type_name
from shoal.runtime.terminal.output import Line
from shoal.runtime.terminal.text import clipped, data_text, printable, quoted, value_text

VALUE_CHARS = 200
"""Of a value that is shown beside what happened."""
_CONTEXT_CHARS = 16
"""Of a long text, beside what changed in it."""
CHANGES = 8
"""Fields that are shown of a value that changed in more."""
BOARD = "the board itself"
_LEADS = {"-": " · it was ", "✓": ": "}
"""What stands between words and a value."""


def story_lines(
    story: Story, message: Message | None, *, width: int, keys: bool = True, most: int = CHANGES
) -> Iterator[Line]:
    """One commit. ``width``: of the column of revisions; ``keys``: whether to name them; ``most``: changes a key."""
    lead = f"{story.revision:>{width}}  "
    for happening in story.happenings:
        yield from _happening_lines(happening, lead, keys, most)
        lead = " " * len(lead)
    text = Text(" " * len(lead), "dim").append(clock(story.at, parts=True)).append(" · ")
    yield Line(text.append_text(who(story, message)), len(lead))


def change_text(change: Change) -> Text:
    """``field: before → after``."""
    text = Text()
    change = redacted(change)
    if change.path:
        text.append(printable(change.path)).append(": ", "dim")
    if change.before is ABSENT:
        return text.append(f"+ {data_text(change.after, VALUE_CHARS)}", "green")
    if change.after is ABSENT:
        return text.append(f"- {data_text(change.before, VALUE_CHARS)}", "red")
    before, after = _shortened(change.before, change.after)
    return text.append(before, "red").append(" → ", "dim").append(after, "green")


def value_changes(before: Value, after: Value) -> list[Change]:
    """What differs between two values; their types first, where those are models'."""
    names = [type_name(value.tag) for value in (before, after)]
    found = list(changes(data_of(before.payload), data_of(after.payload)))
    if before.tag != after.tag and all(names):
        found.insert(0, Change("type", *names))
    return found


def who(story: Story, message: Message | None) -> Text:
    """By whom, because of which message, for which task."""
    if not story.author:
        return Text(BOARD, "dim")
    text = Text(style="dim").append(printable(story.author), "not dim")
    if message is None:
        text.append(f" · because of message {story.message_id.hex()}" if story.message_id else "")
    elif message.sender != story.author:
        text.append(" · because of ").append(message_text(message), "not dim")
    if story.task is not None:
        text.append(f" · task {printable(story.task)}")
    if story.origin:
        text.append(f" · origin {Origin(story.origin).name.lower()}")
    return text


def message_text(message: Message) -> str:
    """``sender → recipient, type``."""
    what = type_name(message.tag) or message.tag
    return printable(f"{message.sender or 'the run'} → {message.recipient}, {what}")


def clock(at: float, *, parts: bool = False) -> str:
    """The time of day here; ``parts``: with milliseconds."""
    moment = datetime.fromtimestamp(at).astimezone()
    return f"{moment:%H:%M:%S}" + (f".{moment.microsecond // 1000:03}" if parts else "")


def day(at: float) -> str:
    """The date here."""
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d}"


def _happening_lines(happening: Happening, lead: str, keys: bool, most: int) -> Iterator[Line]:
    done = happening.deed
    text = Text().append(lead, "dim").append(f"{done.sign} ", done.style)
    if keys and happening.key:
        text.append(printable(happening.key), "bold").append("  ")
    indent = len(lead) + 2
    found = value_changes(done.before, done.value) if done.before and done.value else []
    if done.words:
        text.append(clipped(done.words, VALUE_CHARS), done.style)
    if len(found) == 1:
        text.append_text(change_text(found[0]))
    elif found:
        text.append(f"{len(found)} changes", done.style)
    elif done.value is not None:
        text.append(_LEADS.get(done.sign, " ") if done.words else "", "dim")
        text.append(value_text(*done.value, VALUE_CHARS), "dim" if done.sign in "-~" else "")
    for note in done.notes:
        text.append(f" · {clipped(note, VALUE_CHARS)}", "dim")
    yield Line(text, indent + 2)
    if len(found) > 1:
        for change in found[:most]:
            yield Line(Text(" " * (indent + 2)).append_text(change_text(change)), indent + 4)
        if len(found) > most:
            yield Line(Text(f"{' ' * (indent + 2)}and {len(found) - most} more", "dim"), indent + 4)


def _shortened(before: Any, after: Any) -> tuple[str, str]:
    """Both as text; of two long texts what differs, and a little of what is around it."""
    if (
        type(before) is not str
        or type(after) is not str
        or max(len(before), len(after)) <= 4 * _CONTEXT_CHARS
    ):
        return data_text(before, VALUE_CHARS), data_text(after, VALUE_CHARS)
    begin = 0
    least = min(len(before), len(after))
    while begin < least and before[begin] == after[begin]:
        begin += 1
    end = 0
    while end < least - begin and before[-1 - end] == after[-1 - end]:
        end += 1
    first = max(0, begin - _CONTEXT_CHARS)
    behind = max(0, end - _CONTEXT_CHARS)
    return _excerpt(before, first, len(before) - behind), _excerpt(after, first, len(after) - behind)


def _excerpt(text: str, first: int, last: int) -> str:
    shown = text[first : min(last, first + VALUE_CHARS)]
    return ("…" if first else "") + quoted(shown) + ("…" if first + len(shown) < len(text) else "")
