"""Who shows the progress of a run while it runs: a terminal that is drawn over, or lines in a log."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Protocol

from rich.console import Console
from rich.live import Live

from shoal.experiments.running.drawing import draw, plain_line
from shoal.experiments.running.progress import Progress, Shown

_DRAW_S = 0.25
_LINE_S = 5.0


class Display(Protocol):
    """Follows one run."""

    async def follow(self, progress: Progress) -> None:
        """Show it until cancelled; then once more."""


class LiveDisplay:
    """On a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def follow(self, progress: Progress) -> None:
        """See :class:`Display`."""
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                live.update(draw(progress.shown(time.monotonic()), self._console.width), refresh=True)
                await asyncio.sleep(_DRAW_S)


class LineDisplay:
    """Where there is no terminal: a line every few seconds in which something happened, and a last one."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def follow(self, progress: Progress) -> None:
        """See :class:`Display`."""
        last: Shown | None = None
        try:
            while True:
                await asyncio.sleep(_LINE_S)
                last = self._print(progress.shown(time.monotonic()), last)
        finally:
            shown = progress.shown(time.monotonic())
            if shown.ended:  # else it never began, and why is said next
                self._print(shown, last)

    def _print(self, shown: Shown, last: Shown | None) -> Shown:
        line = plain_line(shown)
        # All have ended and are judged: what goes on is the clock.
        over = last is not None and last.ended == last.total and last.judged == shown.judged
        if last is None or (not over and line != plain_line(last)):
            self._console.print(line, highlight=False, soft_wrap=True, markup=False)
        return shown


@contextlib.asynccontextmanager
async def shown_by(display: Display | None, progress: Progress) -> AsyncIterator[None]:
    """In this block the display follows the progress."""
    if display is None:
        yield
        return
    showing = asyncio.ensure_future(display.follow(progress))
    try:
        yield
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)


def display_for(console: Console) -> Display:
    """The one that fits."""
    return LiveDisplay(console) if console.is_terminal else LineDisplay(console)
