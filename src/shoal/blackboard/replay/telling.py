"""Prints stories with the messages that caused them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from rich.text import Text

from shoal.blackboard.replay.causes import Messages, Wanted
from shoal.blackboard.replay.lines import CHANGES, day, story_lines
from shoal.blackboard.replay.stories import Story
from shoal.runtime.terminal.output import Output

_TOGETHER = 100
"""Stories whose messages are looked for at once."""


def print_stories(
    stories: Iterable[Story],
    messages: Messages,
    output: Output,
    *,
    newest: int,
    keys: bool = True,
    most: int = CHANGES,
    before_each: Callable[[Story], bool] = lambda story: True,
) -> None:
    """``newest``: the highest revision there can be; ``before_each``: whether to print a story and go on."""
    width = max(4, len(f"{newest}"))
    today = ""
    for batch in _batches(stories):
        messages.look_for(Wanted(story.message_id, story.task, story.at) for story in batch)
        for story in batch:
            if not before_each(story):
                return
            if day(story.at) != today:
                today = day(story.at)
                output.line(Text(f"{' ' * width}  {today}", "dim"))
            output.lines(story_lines(story, messages.of(story.message_id), width=width, keys=keys, most=most))


def _batches(stories: Iterable[Story]) -> Iterator[list[Story]]:
    iterator = iter(stories)
    while batch := list(islice(iterator, _TOGETHER)):
        yield batch
