"""An agent for tests of the command: it answers what the environment says."""

from __future__ import annotations

import os

import shoal


class Clerk(shoal.Agent):
    async def on_text(self, text: str) -> str:
        return os.environ["SAYS"]
