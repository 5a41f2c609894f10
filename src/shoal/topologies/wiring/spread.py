"""Several agents behind one address: each message goes to the one with the fewest open tasks.

The agent at the address only passes messages on. Whoever holds the team itself (the client that built it, the front of
the team it is a part of) chooses among those behind it directly, and no message goes through here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shoal.runtime.context import Context
from shoal.runtime.envelope import ASK
from shoal.runtime.ref import Ref
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.replicated import OpenCounts


class Spread(Front):
    """See the module."""

    def __init__(self, leads: Iterable[str]) -> None:
        self._counts = OpenCounts(leads)

    async def lead(self, message: Any, ctx: Context) -> Any:
        """Pass one message on."""
        with self._counts.taken() as lead:
            if ctx.message is not None and ctx.message.kind == ASK:
                return await self.ask(Ref(lead), message, ctx)
            await ctx.tell(lead, message)
            return None
