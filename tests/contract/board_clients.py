"""Agents that use a board from processes of their own, and write down what they were told."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from pydantic import BaseModel

import shoal
from shoal.errors import BoardUnavailable, Conflict, LeaseLost, NothingToClaim

Noted = tuple[str, str, str, Any, Any, float, float | None, bool, Any, int | None, int | None]
"""client, key, what, value, expected revision, called, returned, done, value found, its revision, region's revision."""


class Probe(BaseModel):
    """Do random operations on few keys until a wall-clock second."""

    client: str
    keys: list[str]
    until: float
    seed: int
    tasks: int = 4


class Prober(shoal.Agent):
    """Notes every operation with its times (``time.monotonic``, one clock for the machine)."""

    handler_timeout_s = 600.0

    async def on_probe(self, message: Probe, ctx: shoal.Context) -> list[list[Any]]:
        noted: list[Noted] = []
        await asyncio.gather(
            *(self._work(message, number, ctx.board, noted) for number in range(message.tasks))
        )
        return [list(one) for one in noted]

    async def _work(self, probe: Probe, number: int, board: shoal.Board, noted: list[Noted]) -> None:
        chance = random.Random(f"{probe.seed}/{probe.client}/{number}")
        client, count = f"{probe.client}.{number}", 0
        while time.time() < probe.until:
            count += 1
            key, what = chance.choice(probe.keys), chance.choice(["read", "write", "cas", "cas", "delete"])
            await asyncio.sleep(chance.random() * 0.005)
            noted.append(await self._one(board, client, key, what, f"{client}#{count}"))

    async def _one(self, board: shoal.Board, client: str, key: str, what: str, value: str) -> Noted:
        expected: int | None = None
        if what == "cas":
            seen = await board.get(key)
            expected = seen.revision if seen is not None else 0
        called = time.monotonic()
        try:
            if what == "read":
                entry = await board.get(key, str)
                found = (None, 0) if entry is None else (entry.value, entry.revision)
                return (client, key, what, None, None, called, time.monotonic(), True, *found, None)
            if what == "delete":
                done = await board.delete(key)
                mod = None if done else 0
                return (client, key, what, None, None, called, time.monotonic(), done, None, mod, None)
            written = await board.put(key, value, expected=expected)
        except Conflict as conflict:
            there = conflict.entry
            found = (None, 0) if there is None else (there.value, there.revision)
            return (client, key, "write", value, expected, called, time.monotonic(), False, *found, None)
        except BoardUnavailable:
            return (
                client,
                key,
                "write" if what == "cas" else what,
                value,
                expected,
                called,
                None,
                False,
                None,
                None,
                None,
            )
        return (
            client, key, "write", value, expected, called, time.monotonic(), True, None, None, written.revision,
        )  # fmt: skip


class Harvest(BaseModel):
    """Claim and complete items until a wall-clock second."""

    client: str
    prefix: str
    total: int
    until: float


class Harvester(shoal.Agent):
    """Completes each item with its own name; notes every claim and how it ended."""

    handler_timeout_s = 600.0

    async def on_harvest(self, message: Harvest, ctx: shoal.Context) -> list[list[Any]]:
        noted: list[list[Any]] = []
        while time.time() < message.until:
            called = time.monotonic()
            try:
                async with ctx.board.claim(int, prefix=message.prefix, lease_s=5.0, wait_s=0.5) as item:
                    held = time.monotonic()
                    item.result = f"{message.client}:{item.token}"
                    await asyncio.sleep(0.002)
                    ending = time.monotonic()
            except NothingToClaim:
                if (await ctx.board.status()).done >= message.total:
                    break
                continue
            except LeaseLost:
                noted.append([message.client, item.key, item.token, called, held, None, None])
                continue
            noted.append([message.client, item.key, item.token, called, held, ending, time.monotonic()])
        return noted
