"""An agent that writes down what it handled. Importable by the hosts' processes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import shoal


class Noting(shoal.Agent):
    """Writes each number into a file, a line each, and answers it a little later."""

    concurrency = 8

    def __init__(self, log: str, wait_s: float) -> None:
        self.log = log
        self.wait_s = wait_s

    async def on_number(self, number: int) -> int:
        with Path(self.log).open("a") as file:  # noqa: ASYNC230 - a line
            file.write(f"{number}\n")
        await asyncio.sleep(self.wait_s)
        return number
