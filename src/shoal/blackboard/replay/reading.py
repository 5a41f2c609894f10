"""What each command begins and ends with: open the region, say which one it is, tell errors in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

from shoal.blackboard.persistence import RegionReader
from shoal.blackboard.replay.causes import Messages
from shoal.blackboard.replay.finding import Found, Where, opened
from shoal.runtime.terminal.output import Output, notice, one_line_errors
from shoal.runtime.terminal.text import printable


class Reading(NamedTuple):
    """What a command works with."""

    found: Found
    reader: RegionReader
    messages: Messages
    output: Output


@contextmanager
def reading(command: str, where: Where) -> Iterator[Reading]:
    """``command``: as an error names it. Raises ``typer.Exit`` with status 1 after an error."""
    with one_line_errors(f"board {command}"), opened(where) as found:
        if found.chosen:
            notice(f"region {printable(found.region)}, the only one of {found.name}")
        with closing(Messages(found.journal)) as messages:
            yield Reading(found, found.reader, messages, Output())
        if messages.problem:
            notice(f"messages could not be looked up: {messages.problem}")
