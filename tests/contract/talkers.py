"""An LLM agent with tools, to be killed in the middle of its dialogue, and a program that has one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import shoal
from shoal.actors.tools.function_tool import tool

STEPS = 5
"""Tool calls of the dialogue; the model is asked once more."""


class Talker(shoal.LLMAgent):
    """Writes down its process for who wants to kill it."""

    def __init__(self, url: str, directory: str) -> None:
        self.directory = Path(directory)
        super().__init__(
            shoal.Model(model="stage-1", base_url=url, retry=shoal.Retry(attempts=1)),
            "Note the numbers.",
            tools=[_note(directory)],
            validators=[self.checked],
            name="talker",
        )

    async def on_start(self, ctx: shoal.Context) -> None:
        (self.directory / "pid").write_text(str(os.getpid()))

    async def checked(self, answer: Any, asked: Any) -> str | None:
        await die_once(self.directory, "validator")
        return None


def _note(directory: str) -> Any:
    @tool
    async def note(n: int) -> str:
        """Note a number."""
        await die_once(Path(directory), f"before-{n}")
        with (Path(directory) / "notes").open("a") as notes:
            notes.write(f"{n}\n")
        await die_once(Path(directory), f"after-{n}")
        return f"noted {n}"

    return note


async def kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


die: Callable[[], Awaitable[None]] = kill_this_process
"""How one dies here; who has the agent in his own process puts something else, which does not return either."""


async def die_once(directory: Path, point: str) -> None:
    """Die if that is wanted at this point, for the first time."""
    wanted = directory / f"die-{point}"
    if wanted.exists():
        wanted.unlink()
        await die()


async def main(url: str, directory: str) -> None:
    async with shoal.start("local", run="talk", spares=0) as system:
        talker = await system.spawn(Talker(url, directory), name="talker")
        async for result in system.run.tasks(talker, {"t": "go"}):
            await asyncio.to_thread(Path(directory, "answer").write_text, str(result.error or result.value))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
