"""Order and loss under load on Ray: 4 senders, 8 receivers with small mailboxes, 200,000 messages."""

from __future__ import annotations

import asyncio
import random

import psutil
import pytest
from pydantic import BaseModel

import shoal
from tests.contract.agents import Depth, GaugedMailbox

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

SENDERS, RECEIVERS, MESSAGES, MAILBOX = 4, 8, 200_000, 16
GROWTH_BYTES = 64 * 1024 * 1024
"""More than allocators keep at this rate, far less than 25,000 messages a host would hold if they were kept."""


class Item(BaseModel):
    sender: int
    number: int
    filling: str = "x" * 150


class Total(BaseModel):
    """Ask a receiver what came."""


class Send(BaseModel):
    sender: int
    to: list[shoal.Ref]
    first: int
    count: int
    """Messages to each receiver."""


class Receiver(shoal.Agent):
    mailbox = MAILBOX

    async def on_start(self, ctx: shoal.Context) -> None:
        self.last = [0] * SENDERS
        self.wrong: list[str] = []
        self.gauge = ctx._cell.mailbox = GaugedMailbox(MAILBOX, self.overflow)

    async def on_item(self, item: Item, ctx: shoal.Context) -> None:
        if item.number != self.last[item.sender] + 1:
            self.wrong.append(f"{item.sender}: {item.number} after {self.last[item.sender]}")
        self.last[item.sender] = item.number

    async def on_total(self, message: Total, ctx: shoal.Context) -> list[list[int] | list[str]]:
        return [self.last, self.wrong[:5]]

    async def on_depth(self, message: Depth, ctx: shoal.Context) -> int:
        return self.gauge.deepest


class Source(shoal.Agent):
    async def on_send(self, send: Send, ctx: shoal.Context) -> None:
        for number in range(send.first, send.first + send.count):
            for receiver in send.to:
                await ctx.tell(receiver, Item(sender=send.sender, number=number))


async def memory(system: shoal.System) -> dict[int, int]:
    """Resident bytes of each host's process."""
    return {
        health["pid"]: psutil.Process(health["pid"]).memory_info().rss for health in await system.health()
    }


async def cut_at_random(system: shoal.System, refs: list[shoal.Ref], until: asyncio.Future[None]) -> int:
    """Cut the sockets of one receiver after the other until the load has passed; says how often."""
    dice = random.Random(7)
    cuts = 0
    while not until.done():
        _, actor = await system._peers.find(dice.choice(refs).address)  # type: ignore[attr-defined]
        await actor.cut_sockets.remote()
        cuts += 1
        await asyncio.wait({until}, timeout=dice.uniform(0.02, 0.2))
    return cuts


@pytest.mark.parametrize("cutting", [False, True], ids=["quiet", "sockets cut at random"])
async def test_each_message_is_handled_once_in_its_senders_order_with_bounded_mailboxes_and_flat_memory(
    ray_session: str, cutting: bool
) -> None:
    each = MESSAGES // SENDERS // RECEIVERS
    async with shoal.start(None, handler_timeout_s=None) as system:
        refs = list(await asyncio.gather(*(system.spawn(Receiver(), name=f"r{n}") for n in range(RECEIVERS))))
        sources = await asyncio.gather(*(system.spawn(Source(), name=f"s{n}") for n in range(SENDERS)))

        async def load(first: int, count: int) -> None:
            orders = [Send(sender=n, to=refs, first=first, count=count) for n in range(SENDERS)]
            await asyncio.gather(*(s.ask(o, timeout_s=240) for s, o in zip(sources, orders, strict=True)))

        async def all_came(last: int) -> None:
            async with asyncio.timeout(60):
                for ref in refs:
                    while (answer := await ref.ask(Total()))[0] != [last] * SENDERS:
                        assert not answer[1]
                    assert not answer[1]

        await load(1, each // 5)
        await all_came(each // 5)
        before = await memory(system)
        running = asyncio.ensure_future(load(each // 5 + 1, each - each // 5))
        cuts = await cut_at_random(system, refs, running) if cutting else 0
        await running
        await all_came(each)
        after = await memory(system)
        assert cuts > 10 or not cutting
        for ref in refs:
            assert 1 <= await ref.ask(Depth()) <= MAILBOX
        assert await system.dead_letters() == []
        assert after.keys() == before.keys()
        assert max(after[pid] - before[pid] for pid in after) < GROWTH_BYTES
