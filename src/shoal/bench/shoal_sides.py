"""shoal's own sides of each row, between processes and in one.

The rules of the plain sides hold here too: the client is this process, messages are built and validated for each
operation, and receivers count. Metrics, trace context, validation and acknowledgement are on, as they always are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from shoal.actors.agent import Agent
from shoal.bench.errors import Miscounted
from shoal.bench.sides import Counts, Outcome, Side, SideFactory, Stage
from shoal.bench.workload import Parcel, Receipt, Token, answers, parcel, token
from shoal.runtime.context import Context
from shoal.runtime.ref import Ref
from shoal.runtime.starting import start
from shoal.runtime.system import System

RING = 8
WORKERS = 8
IN_FLIGHT = 64
DENSE = 100_000
_ENDLESS = 1_000_000_000
"""The ring's tokens make many more hops than the default limit allows; hops are still counted and checked."""


class Receiver(Agent):
    """Counts parcels; asked, it answers with a receipt, or (for an int) with its count."""

    def __init__(self) -> None:
        self._handled = 0

    async def on_parcel(self, message: Parcel, ctx: Context) -> Receipt:
        """Handle one."""
        self._handled += 1
        return Receipt(number=message.number, handled=self._handled)

    async def on_count(self, question: int, ctx: Context) -> int:
        """How many were handled."""
        return self._handled


class Counter(Agent):
    """Counts parcels."""

    def __init__(self) -> None:
        self._handled = 0

    async def on_parcel(self, message: Parcel, ctx: Context) -> None:
        """Handle one."""
        if message.number >= 0:
            self._handled += 1

    async def on_count(self, question: int, ctx: Context) -> int:
        """How many were handled."""
        return self._handled


class RingMember(Agent):
    """Hands tokens on; the first member hears of those that have ended."""

    concurrency = 2

    def __init__(self, following: str, first: str) -> None:
        self._following = Ref(following)
        self._first = Ref(first)
        self._ended = 0
        self._news = asyncio.Event()

    async def on_token(self, held: Token, ctx: Context) -> None:
        """Handle one token."""
        if held.hops_left:
            await ctx.tell(
                self._following, Token(number=held.number, hops_left=held.hops_left - 1, text=held.text)
            )
        else:
            await ctx.tell(self._first, "ended")

    async def on_ended(self, news: str, ctx: Context) -> None:
        """A token has ended somewhere in the ring."""
        self._ended += 1
        self._news.set()

    async def on_wait(self, count: int, ctx: Context) -> int:
        """Return ``count`` once that many tokens have ended, and forget them."""
        while self._ended < count:
            self._news.clear()
            await self._news.wait()
        self._ended -= count
        return count


class Coordinator(Agent):
    """Asks all workers at once and answers when all have."""

    concurrency = IN_FLIGHT

    def __init__(self, workers: list[str]) -> None:
        self._workers = [Ref(worker) for worker in workers]

    async def on_parcel(self, message: Parcel, ctx: Context) -> Receipt:
        """One round."""
        receipts = await asyncio.gather(*(ctx.ask(worker, message) for worker in self._workers))
        for receipt in receipts:
            _check(receipt, message.number)
        return Receipt(number=message.number, handled=len(receipts))


class _ShoalSide(Side):
    """One system a side; agents by subclass."""

    def __init__(self, target: str | None) -> None:
        self._target = target
        self._system: System | None = None

    async def setup(self, stage: Stage) -> None:
        """Start the system and its agents; all have answered once."""
        # In the bench's own Ray session, which this process has already, or in this process alone.
        self._system = await start(self._target, hop_limit=_ENDLESS, ask_timeout_s=120.0)
        await self.hire(self._system)

    async def hire(self, system: System) -> None:
        """Start the agents."""
        raise RuntimeError("a side hires its own agents")

    @property
    def system(self) -> System:
        """The running system."""
        if self._system is None:
            raise RuntimeError("the side is not set up")
        return self._system

    async def teardown(self) -> None:
        """Stop everything."""
        if self._system is not None:
            await self._system.shutdown()


class ShoalTell(_ShoalSide):
    """Tells, counted by the receiver."""

    async def hire(self, system: System) -> None:
        """One receiver."""
        self._receiver = await system.spawn(Counter, name="receiver")
        await self._receiver.ask(0)

    async def run(self, count: int) -> Outcome:
        """Tell ``count`` parcels; then ask how many were handled: the answer comes after the last."""
        receiver = self._receiver
        before: int = await receiver.ask(0)
        for number in range(count):
            await receiver.tell(parcel(number))
        after: int = await receiver.ask(0)
        return Outcome(done=after - before)


class ShoalAsk(_ShoalSide):
    """One ask at a time."""

    async def hire(self, system: System) -> None:
        """One clerk."""
        self._clerk = await system.spawn(Receiver, name="clerk")
        await self._clerk.ask(0)

    async def run(self, count: int) -> Outcome:
        """Ask ``count`` times and time each."""
        clerk = self._clerk
        latencies_s = []
        for number in range(count):
            begun = time.perf_counter()
            receipt = await clerk.ask(parcel(number))
            latencies_s.append(time.perf_counter() - begun)
            _check(receipt, number)
        return Outcome(done=count, latencies_s=latencies_s)


class ShoalAsks(ShoalAsk):
    """64 asks in flight."""

    counts = Counts(least=IN_FLIGHT, step=IN_FLIGHT)

    async def run(self, count: int) -> Outcome:
        """Ask ``count`` times: 64 tasks, each one ask after the other."""

        async def ask_share(first: int) -> None:
            for number in range(first, count, IN_FLIGHT):
                _check(await self._clerk.ask(parcel(number)), number)

        await asyncio.gather(*(ask_share(first) for first in range(IN_FLIGHT)))
        return Outcome(done=count)


class ShoalRing(_ShoalSide):
    """Tokens round a ring of 8 agents."""

    def __init__(self, target: str | None, tokens: int) -> None:
        super().__init__(target)
        self.counts = Counts(least=8 * tokens, step=tokens)
        self._tokens = tokens

    async def hire(self, system: System) -> None:
        """The ring; one lap makes every link."""
        names = [f"ring-{place}" for place in range(RING)]
        following = [*names[1:], names[0]]
        starts = [
            system.spawn(RingMember(after, names[0]), name=name)
            for name, after in zip(names, following, strict=True)
        ]
        self._first = (await asyncio.gather(*starts))[0]
        await self.run(2 * RING * self._tokens)

    async def run(self, count: int) -> Outcome:
        """Let the tokens do ``count`` hops together."""
        hops_each = count // self._tokens
        for number in range(self._tokens):
            await self._first.tell(token(number, hops_each - 1))
        ended: int = await self._first.ask(self._tokens)
        return Outcome(done=ended * hops_each)


class ShoalFan(_ShoalSide):
    """Rounds of 8 asks through a coordinator, 64 rounds in flight."""

    counts = Counts(least=IN_FLIGHT, step=IN_FLIGHT)

    async def hire(self, system: System) -> None:
        """Workers and their coordinator."""
        names = [f"worker-{number}" for number in range(WORKERS)]
        await asyncio.gather(*(system.spawn(Receiver, name=name) for name in names))
        self._coordinator = await system.spawn(Coordinator(names), name="coordinator")
        await self._coordinator.ask(parcel(-1))

    async def run(self, count: int) -> Outcome:
        """Do ``count`` rounds."""

        async def do_share(first: int) -> None:
            for number in range(first, count, IN_FLIGHT):
                _check(await self._coordinator.ask(parcel(number)), number)

        await asyncio.gather(*(do_share(first) for first in range(IN_FLIGHT)))
        return Outcome(done=count)


class ShoalCreation(_ShoalSide):
    """Agents in processes of their own, until each has answered."""

    counts = Counts.exactly(8)

    def __init__(self, target: str | None) -> None:
        super().__init__(target)
        self._agents: list[Ref] = []
        self._made = 0

    async def hire(self, system: System) -> None:
        """Nobody yet: starting them is the work."""

    async def run(self, count: int) -> Outcome:
        """Start ``count`` agents side by side and ask each."""

        async def one(number: int) -> Ref:
            ref = await self.system.spawn(Receiver, name=f"new-{number}")
            await ref.ask(parcel(number))
            return ref

        first = self._made
        self._made += count
        self._agents = list(await asyncio.gather(*(one(number) for number in range(first, first + count))))
        return Outcome(done=len(self._agents))

    async def settle(self) -> None:
        """Stop them again."""
        agents, self._agents = self._agents, []
        await asyncio.gather(*(self.system.stop(agent, kill=True) for agent in agents))


class ShoalCells(_ShoalSide):
    """100,000 agents in one host, until each has answered."""

    counts = Counts.exactly(DENSE)

    async def hire(self, system: System) -> None:
        """Only the host's process."""
        self._dense = await system.host("dense")

    async def run(self, count: int) -> Outcome:
        """Start them all, then ask each, 256 at a time."""
        refs = await self.system.spawn_many(Receiver, count, name="cell", host=self._dense)
        answered = 0

        async def ask_share(first: int) -> None:
            nonlocal answered
            for number in range(first, count, 256):
                _check(await refs[number].ask(parcel(number)), number)
                answered += 1

        await asyncio.gather(*(ask_share(first) for first in range(256)))
        return Outcome(done=answered)


def _check(receipt: Any, number: int) -> None:
    if not answers(receipt, number):
        raise Miscounted(f"parcel {number} was answered with the receipt of {receipt.number}")


def _sides(target: str | None) -> dict[str, Callable[[], Side]]:
    return {
        "tell": lambda: ShoalTell(target),
        "ask": lambda: ShoalAsk(target),
        "ask64": lambda: ShoalAsks(target),
        "hop1": lambda: ShoalRing(target, tokens=1),
        "hop64": lambda: ShoalRing(target, tokens=64),
        "fan": lambda: ShoalFan(target),
        "cells": lambda: ShoalCells(target),
    }


SHOAL: Mapping[str, SideFactory] = {**_sides(None), "create": lambda: ShoalCreation(None)}
"""Agents in processes of their own on Ray, by row."""

LOCAL: Mapping[str, SideFactory] = _sides("local")
"""Agents in this process, by row."""
