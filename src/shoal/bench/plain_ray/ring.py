"""Hops round a ring of 8 actors: each takes a token, counts it down and sends it to the next.

A token ends where it has no hops left; the first actor of the ring is told, and answers the client when all
tokens have ended. A sender does not wait for the next actor to have handled the token.

Tried (hops/s with 1 and 64 tokens): forwarding without a return value (``num_returns=0``) 652 and 1,207, with
one that nobody fetches 632 and 1,166, each actor awaiting the next one's return 426 and 1,172. 64 tokens
in one call: 8,300 as a list of models, 29,800 as bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from shoal.bench.plain_ray.crew import Crew, CrewMember
from shoal.bench.plain_ray.packing import pack, pack_all, unpack, unpack_all
from shoal.bench.sides import Counts, Outcome, Side, Stage
from shoal.bench.workload import Token, token

RING = 8


class RingMember(CrewMember):
    """Hands tokens on to the next member."""

    def __init__(self) -> None:
        self._ended = 0
        self._news = asyncio.Event()

    async def join(self, following: Any, first: Any) -> None:
        """Who comes next, and whom to tell of a token that has ended."""
        self._hop = following.hop.options(num_returns=0)
        self._hop_all = following.hop_all.options(num_returns=0)
        self._end = first.end.options(num_returns=0)

    async def hop(self, packed: bytes) -> None:
        """Handle one token."""
        held = unpack(Token, packed)
        if held.hops_left:
            self._hop.remote(pack(_counted_down(held)))
        else:
            self._end.remote(1)

    async def hop_all(self, packed: bytes) -> None:
        """Handle a batch of tokens that run side by side."""
        held = unpack_all(Token, packed)
        if held[0].hops_left:
            self._hop_all.remote(pack_all([_counted_down(one) for one in held]))
        else:
            self._end.remote(len(held))

    async def end(self, count: int) -> None:
        """Tokens have ended somewhere in the ring."""
        self._ended += count
        self._news.set()

    async def all_ended(self, count: int) -> int:
        """Return ``count`` once that many tokens have ended, and forget them."""
        while self._ended < count:
            self._news.clear()
            await self._news.wait()
        self._ended -= count
        return count


def _counted_down(held: Token) -> Token:
    return Token(number=held.number, hops_left=held.hops_left - 1, text=held.text)


class PlainRing(Side):
    """One call a hop."""

    def __init__(self, tokens: int) -> None:
        self.counts = Counts(least=8 * tokens, step=tokens)
        self._tokens = tokens
        self._crew = Crew()
        self._first: Any = None

    async def setup(self, stage: Stage) -> None:
        """Start the ring."""
        ring = await self._crew.hire(RingMember, RING)
        self._first = ring[0]
        await _close(ring)

    async def run(self, count: int) -> Outcome:
        """Let the tokens do ``count`` hops together."""
        ended = self._start(count // self._tokens)
        return Outcome(done=await ended * (count // self._tokens))

    async def teardown(self) -> None:
        """Stop the ring."""
        await self._crew.dismiss()

    def _start(self, hops_each: int) -> Any:
        for number in range(self._tokens):
            self._first.hop.remote(pack(token(number, hops_each - 1)))
        return self._first.all_ended.remote(self._tokens)


class BatchedRing(PlainRing):
    """64 tokens in one call."""

    def __init__(self) -> None:
        super().__init__(tokens=64)

    def _start(self, hops_each: int) -> Any:
        self._first.hop_all.remote(pack_all(token(number, hops_each - 1) for number in range(self._tokens)))
        return self._first.all_ended.remote(self._tokens)


async def _close(ring: Sequence[Any]) -> None:
    """Tell each member who comes next."""
    for place, member in enumerate(ring):
        await member.join.remote(ring[(place + 1) % len(ring)], ring[0])
