"""``shoal board replay``: everything that happened on a board, played through in the terminal."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer
from rich.text import Text

from shoal.blackboard.errors import Compacted, InvalidOperation
from shoal.blackboard.persistence import RegionReader
from shoal.blackboard.replay.finding import Where
from shoal.blackboard.replay.looking import revision_asked
from shoal.blackboard.replay.options import Prefix, Region, StateStore
from shoal.blackboard.replay.page import holds_text
from shoal.blackboard.replay.reading import reading
from shoal.blackboard.replay.stories import Story, Teller
from shoal.blackboard.replay.telling import print_stories
from shoal.blackboard.store.keys import hidden
from shoal.runtime.terminal.options import Root, Run
from shoal.runtime.terminal.output import Output
from shoal.runtime.terminal.text import printable

LONGEST_PAUSE_S = 1.0
"""However long nothing happened."""


def replay(
    run: Run,
    speed: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="So many times as fast as it was, pauses a second at most; 0: without pauses. "
            "Else 1 in a terminal and 0 elsewhere.",
            show_default=False,
        ),
    ] = None,
    step: Annotated[bool, typer.Option("--step", help="Press Enter for each revision.")] = False,
    begin: Annotated[
        int | None, typer.Option("--from", min=1, help="The first revision.", show_default=False)
    ] = None,
    end: Annotated[int | None, typer.Option("--to", min=1, help="The last one.", show_default=False)] = None,
    prefix: Prefix = "",
    region: Region = None,
    root: Root = None,
    state_store: StateStore = "",
) -> None:
    """Play a board through: who wrote what, when, and because of which message."""
    with reading("replay", Where(run, root, region, state_store)) as (_, reader, messages, output):
        pace = _Pace(output, speed, step)
        first, last = _span(reader, begin, end)
        teller = Teller(reader.entries_at(first - 1, hidden=True))
        _say_what_is_there(teller, prefix, first - 1, output)
        stories = teller.tell(reader.commits(first, last, hidden=True) if first <= last else (), prefix)
        print_stories(stories, messages, output, newest=last, before_each=pace.wait)
        if not pace.stopped:
            _say_what_is_there(teller, prefix, last, output)


def pause_s(before: float | None, at: float, speed: float) -> float:
    """How long to wait between two commits: as long as it took, divided by the speed; 0 is no waiting at all.

    ``before``: when the commit before was; ``None`` for the first one.
    """
    if before is None or not speed > 0:  # nor nan
        return 0.0
    return min(max(0.0, at - before) / speed, LONGEST_PAUSE_S)


class _Pace:
    """Waits before each story: for time to pass, or for a key."""

    def __init__(self, output: Output, speed: float | None, step: bool) -> None:
        if step and not _is_attended(output):
            raise InvalidOperation("--step waits for a key: that takes a terminal")
        self.stopped = False
        self._output = output
        self._speed = (1.0 if output.is_terminal else 0.0) if speed is None else speed
        self._step = step
        self._before: float | None = None

    def wait(self, story: Story) -> bool:
        """Whether to go on with this one."""
        if self._step:
            self.stopped = self._before is not None and not self._output.wait_for_key()
        elif (pause := pause_s(self._before, story.at, self._speed)) > 0:
            time.sleep(pause)
        self._before = story.at
        return not self.stopped


def _is_attended(output: Output) -> bool:
    return output.is_terminal and sys.stdin.isatty()


def _span(reader: RegionReader, begin: int | None, end: int | None) -> tuple[int, int]:
    """The first and the last revision to play."""
    oldest = reader.compacted + 1
    last = revision_asked(reader, end)
    first = oldest if begin is None else begin
    if first < oldest:
        raise Compacted(f"revision {first} was compacted away: the oldest is {oldest}", oldest=oldest)
    if begin is not None:
        revision_asked(reader, begin)
    if last < first and (begin is not None or end is not None):
        raise InvalidOperation(f"--to {last} is before revision {first}, with which it begins")
    return first, last


def _say_what_is_there(teller: Teller, prefix: str, revision: int, output: Output) -> None:
    shown = [v for v in teller.state.values() if v.key.startswith(prefix) and not hidden(v.key)]
    if revision:
        output.line(
            Text()
            .append(f"at revision {revision:,}: ", "dim")
            .append_text(holds_text(shown, printable(prefix)))
        )
    else:
        output.line(Text("at the beginning: nothing", "dim"))
