"""Several agents behind one address: each message goes to the one with the fewest open tasks.

The agent at the address only passes messages on. Whoever holds the team itself (the client that built it) chooses among
those behind it directly, and no message goes through here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shoal.runtime.context import Context
from shoal.runtime.envelope import ASK
from shoal.runtime.ref import Ref
from shoal.topologies.front import Front


class OpenCounts:
    """How many asks are open at each of several agents, as far as this process made them."""

    def __init__(self, refs: Sequence[Ref]) -> None:
        self.refs = list(refs)
        self._open = [0] * len(self.refs)
        self._next = 0

    def take(self) -> int:
        """The place of the one with the fewest, in turn among equals. Give it back."""
        count = len(self.refs)
        at = min(range(count), key=lambda place: (self._open[place], (place - self._next) % count))
        self._next = at + 1
        self._open[at] += 1
        return at

    def give_back(self, place: int) -> None:
        """It answered, or failed."""
        self._open[place] -= 1


class Spread(Front):
    """See the module."""

    def __init__(self, leads: Mapping[str, Ref]) -> None:
        self._counts = OpenCounts(list(leads.values()))

    async def lead(self, message: Any, ctx: Context) -> Any:
        """Pass one message on."""
        place = self._counts.take()
        try:
            lead = self._counts.refs[place]
            if ctx.message is not None and ctx.message.kind == ASK:
                return await self.ask(lead, message, ctx)
            await ctx.tell(lead, message)
            return None
        finally:
            self._counts.give_back(place)
