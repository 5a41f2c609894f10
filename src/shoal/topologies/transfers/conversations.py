"""Which agent of a team has a conversation: kept on the blackboard, so that it outlives whoever leads the team.

One entry a conversation, ``handoff/<team>/<conversation>``, which the board forgets ``keep_s`` after the last message.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any
from urllib.parse import quote

from shoal.runtime.context import Context

_LONGEST = 120


class Conversations:
    """Of one team."""

    def __init__(self, field: str, region: str, keep_s: float) -> None:
        """``field``: of the team's messages, that says which conversation one belongs to."""
        self.field, self.region, self.keep_s = field, region, keep_s

    async def holder(self, team: str, message: Any, ctx: Context) -> str:
        """Who has the conversation; empty when nobody does, or the message belongs to none.

        What was read is recorded: whoever handles the message again begins with the same agent, although the
        conversation may have gone on to another meanwhile.
        """
        key = self._key(team, message)
        if not key:
            return ""

        async def read() -> str:
            entry = await ctx.board.of(self.region).get(key, str)
            return "" if entry is None else entry.value

        return str(await ctx.once("conversation", read))

    async def keep(self, team: str, message: Any, holder: str, ctx: Context) -> None:
        """From now on it has the conversation."""
        key = self._key(team, message)
        if key:
            await ctx.board.of(self.region).put(key, holder, ttl_s=self.keep_s)

    def _key(self, team: str, message: Any) -> str:
        name = str(getattr(message, self.field, "") or "")
        if not name:
            return ""
        safe = quote(name, safe="")
        if len(safe) > _LONGEST:
            safe = blake2b(name.encode(), digest_size=16).hexdigest()
        return f"handoff/{team}/{safe}"
