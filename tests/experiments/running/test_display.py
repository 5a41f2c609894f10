"""What a log gets to see of a run."""

from __future__ import annotations

import asyncio
import io
import time

from rich.console import Console

from shoal.experiments.result import State
from shoal.experiments.running.display import LineDisplay
from shoal.experiments.running.progress import Progress


async def shown_of(progress: Progress) -> list[str]:
    """What is written of a run that is over before its first line is due."""
    out = io.StringIO()
    following = asyncio.ensure_future(LineDisplay(Console(file=out)).follow(progress))
    await asyncio.sleep(0)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    return out.getvalue().splitlines()


async def test_a_run_of_a_moment_has_its_last_line_in_the_log() -> None:
    progress = Progress("quick", 2, time.monotonic())
    for _ in range(2):
        progress.ended(State.DONE, time.monotonic())
    (line,) = await shown_of(progress)
    assert line.startswith("quick: 2 of 2 tasks, 2 done")


async def test_what_was_said_of_a_run_that_is_over_is_not_said_again() -> None:
    out = io.StringIO()
    display = LineDisplay(Console(file=out))
    progress = Progress("quick", 1, 0.0)
    progress.ended(State.DONE, 1.0)
    said = display._print(progress.shown(2.0), None)
    display._print(progress.shown(9.0), said)
    assert len(out.getvalue().splitlines()) == 1


async def test_a_run_that_never_began_has_none() -> None:
    assert await shown_of(Progress("broken", 2, time.monotonic())) == []
