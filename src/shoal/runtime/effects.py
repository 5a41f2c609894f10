"""What an agent does once: effects outside that are recorded, so that handling a message again does not repeat them.

An effect happens, and its result is recorded right after it. One that may happen at most once begins in the store: a
record of a beginning without a result means that the process died, or the handler was cut off, in between. For the
others that would change nothing, and saves a transaction (of the 0.2 ms that an effect takes, half).
The agent is claimed at its first effect (a durable one at its start), so that an incarnation that was given up and
did not notice is refused.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shoal.runtime.codec import NATIVE, decode, encode
from shoal.runtime.durable.errors import EffectUnknown, Fenced
from shoal.runtime.durable.store import Claimed, Recorded, Unknown
from shoal.runtime.provenance import marked_tag, read_marked_tag

if TYPE_CHECKING:
    from shoal.runtime.cell import Cell
    from shoal.runtime.context import Context

_Effect = tuple[bytes, str]


class Effects:
    """The effects of one cell."""

    __slots__ = ("_cell", "_claiming", "_cut", "_running", "generation")

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self.generation: int | None = None
        """Under which the agent is claimed; ``None`` while it is not."""
        self._claiming: asyncio.Task[Claimed] | None = None
        self._running: dict[_Effect, asyncio.Future[None]] = {}
        self._cut: set[_Effect] = set()
        """Those of this incarnation that were cut off in the middle."""

    async def claim(self) -> Claimed:
        """Claim the agent for this incarnation. Raises :class:`StoreError`."""
        cell = self._cell
        claimed: Claimed = await cell.host.state.persist("claim", cell.address)
        self.generation = claimed.generation
        return claimed

    async def once(
        self, ctx: Context, within: bytes, key: str, fn: Callable[[], Any], *, at_most: bool
    ) -> Any:
        """See :meth:`Context.once`; ``within`` is what the key is unique in."""
        effect = (within, key)
        while (other := self._running.get(effect)) is not None:
            await asyncio.wait([other])
        done = self._running[effect] = asyncio.get_running_loop().create_future()
        try:
            return await self._once(ctx, effect, fn, at_most)
        except Fenced as error:
            self._cell.host.fenced(self._cell, error)
            raise
        finally:
            del self._running[effect]
            done.set_result(None)

    async def _once(self, ctx: Context, effect: _Effect, fn: Callable[[], Any], at_most: bool) -> Any:
        known = await self._start(effect, "once_begin" if at_most else "once_look")
        if isinstance(known, Recorded):
            tag, origin = read_marked_tag(known.tag)
            ctx.joined(origin, f"what {effect[1]!r} recorded")
            return decode(tag, known.payload)
        if known is not None and at_most:
            address, key = self._cell.address, effect[1]
            raise EffectUnknown(
                f"{key!r} of {address} was begun before and nobody recorded how it ended; it is not called again",
                agent=address,
                key=key,
            )
        try:
            value = fn()
            if inspect.isawaitable(value):
                value = await value
        except Exception:
            if at_most or known is not None:  # else nothing is written that would have to be taken back
                await self._record("once_failed", effect)
            raise
        except BaseException:
            self._cut.add(effect)  # cancelled in the middle: who knows
            raise
        tag, payload = encode(value, self._cell.host.config.max_message_bytes)
        await self._record("once_done", effect, marked_tag(tag, ctx.origin), payload)
        return decode(tag, payload) if type(value) in NATIVE else value

    async def _start(self, effect: _Effect, how: str) -> Recorded | Unknown | None:
        if self.generation is None:
            if self._claiming is None:
                self._claiming = asyncio.ensure_future(self.claim())
            claiming = self._claiming
            try:
                await asyncio.shield(claiming)
            finally:
                if claiming.done() and self._claiming is claiming:
                    self._claiming = None
        state = self._cell.host.state
        before = state.unreachable
        known: Recorded | Unknown | None = await self._record(how, effect)
        ours = isinstance(known, Unknown) and known.generation == self.generation
        if ours and effect not in self._cut and state.unreachable != before:
            return None  # our own first attempt to say so, whose answer got lost
        return known

    async def _record(self, what: str, effect: _Effect, *result: Any) -> Any:
        cell = self._cell
        return await cell.host.state.persist(what, cell.address, self.generation, *effect, *result)
