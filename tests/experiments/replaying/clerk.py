"""An agent for tests of the command: it answers, and prints, what the environment says."""

from __future__ import annotations

import os

import shoal


class Clerk(shoal.Agent):
    async def on_text(self, text: str) -> str:
        if "PRINTS" in os.environ:
            print(os.environ["PRINTS"])  # noqa: T201 - as agents of users do
        return os.environ["SAYS"]
