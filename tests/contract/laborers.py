"""Agents for runs: what they do leaves a mark outside, one line an execution."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path

from pydantic import BaseModel

import shoal


class Job(BaseModel):
    """Square ``n``, and note that in the file ``log``."""

    n: int
    log: str
    pause_s: float = 0.0
    """How long the work takes."""


class Square(BaseModel):
    """The answer."""

    n: int
    square: int


class Hold(BaseModel):
    """Note it in the file ``log``, and do not answer before the file ``release`` is there."""

    log: str
    release: str


def mark(log: str, what: object) -> None:
    """One line more, whole also when several processes write: appends of one write each."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{what}\n".encode())
    finally:
        os.close(descriptor)


def marks(log: str | Path) -> Counter[str]:
    """How often each was noted."""
    path = Path(log)
    return Counter(path.read_text().split()) if path.exists() else Counter()


class Laborer(shoal.Agent):
    """Does jobs; a negative one fails."""

    concurrency = 4

    async def on_job(self, job: Job, ctx: shoal.Context) -> Square:
        mark(job.log, job.n)
        await asyncio.sleep(job.pause_s)
        if job.n < 0:
            raise ValueError(f"{job.n} is negative")
        return Square(n=job.n, square=job.n * job.n)

    async def on_hold(self, hold: Hold, ctx: shoal.Context) -> str:
        mark(hold.log, ctx.address)
        while not await asyncio.to_thread(os.path.exists, hold.release):  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)
        return ctx.address

    async def on_text(self, text: str, ctx: shoal.Context) -> list[str]:
        assert ctx.message is not None
        return [str(ctx.task), ctx.message.hex_id]


class Coins(BaseModel):
    """What is in a purse."""

    n: int = 0


class Purse(shoal.Agent):
    """Adds what it is given; durable."""

    durable = True
    state: Coins

    async def on_coins(self, n: int) -> int:
        self.state.n += n
        return self.state.n
