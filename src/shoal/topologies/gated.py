"""Gated: messages to an agent or a team wait until a person lets them go on.

Failure modes and what is done about them: nobody decides, or nobody can be asked → refused (``ApprovalRefused``), to
the asker or as a dead letter; an edit that does not fit → refused, with the fields; one message that waits → holds up
no other.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from shoal.actors.approvals.gate import approve_message
from shoal.runtime.context import Context
from shoal.runtime.envelope import ASK
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.signature import Signature
from shoal.topologies.wiring.topology import Topology

When = Callable[[Any], Any]
"""Whether a message needs approval. May be async. What it raises fails the message."""
_INSIDE = "inside"
_YEAR_S = 365 * 24 * 3600.0


class Gate(Front):
    """Lets messages through, one by one, as people say."""

    concurrency = 10_000
    needs_people = True  # the keeper of requests is opened with it
    handler_timeout_s = _YEAR_S  # each request says how long it waits, and so does who asks

    def __init__(self, inside: Ref, when: When | None, timeout_s: float | None) -> None:
        self._inside = inside
        self._when = when
        self._timeout_s = timeout_s

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One message: approved, if it needs that, and sent on."""
        if await self._needs_approval(message):
            message = await approve_message(ctx, message, to=self._inside.address, timeout_s=self._timeout_s)
        if ctx.message is not None and ctx.message.kind == ASK:
            return await self.ask(self._inside, message, ctx)
        await ctx.tell(self._inside, message)
        return None

    async def _needs_approval(self, message: Any) -> bool:
        if self._when is None:
            return True
        needs = self._when(message)
        return bool(await needs if inspect.isawaitable(needs) else needs)


class Gated(Topology):
    """See :func:`gated`."""

    pattern = "gated"

    def __init__(self, inside: Any, when: When | None, timeout_s: float | None) -> None:
        super().__init__({_INSIDE: inside})
        self._when = when
        self._timeout_s = timeout_s

    def validate(self) -> None:
        """The member, and that ``when`` can be called."""
        super().validate()
        if self._when is not None and not callable(self._when):
            raise ConfigError(f"gated: when is {self._when!r}, not a callable that says whether to ask")
        if self._timeout_s is not None and not 0 < self._timeout_s <= _YEAR_S:
            raise ConfigError(f"gated: timeout_s is {self._timeout_s}; give seconds, at most a year")

    def signature(self) -> Signature:
        """The member's own."""
        return self.signature_of(_INSIDE)

    def front(self, refs: dict[str, Ref]) -> Front:
        """The gate."""
        return Gate(refs[_INSIDE], self._when, self._timeout_s)


def gated(agent: Any, *, when: When | None = None, timeout_s: float | None = None) -> Gated:
    """An agent (an instance, a class, an async function, or a topology) whose messages wait for a person's approval.

    ``when``: takes a message and says whether it needs one; without it, all do. ``timeout_s``: how long a person can
    decide, an hour by default; after that the message is refused.
    """
    return Gated(agent, when, timeout_s)
