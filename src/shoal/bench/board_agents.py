"""The agents that work on shoal's blackboard in the rows about it: eight that do shares, two that watch."""

from __future__ import annotations

import asyncio
import time

from pydantic import BaseModel

from shoal.actors.agent import Agent
from shoal.bench.board_work import (
    LEASE_S,
    NEWS,
    TAG,
    WATCHERS_EACH,
    Stopwatch,
    Work,
    check_found,
    check_next,
    news_key,
    put_key,
    read_key,
    swap_key,
)
from shoal.bench.workload import Parcel, parcel
from shoal.blackboard.board import Board
from shoal.runtime.context import Context


class Share(BaseModel):
    """Do so many operations, one at a time."""

    work: Work
    who: int
    count: int


class Laborer(Agent):
    """Does shares; answers with how long each operation took, in seconds."""

    async def on_share(self, share: Share, ctx: Context) -> list[float]:
        """Do one."""
        watch = Stopwatch()
        board, who, turns = ctx.board, share.who, range(share.count)
        match share.work:
            case Work.GET:
                await _get(board, who, turns, watch)
            case Work.PUT | Work.NEWS:
                await _put(board, share.work, who, turns, watch)
            case Work.SWAP:
                await _swap(board, who, turns, watch)
            case Work.CLAIM:
                await _claim(board, turns, watch)
        return watch.latencies_s


async def _get(board: Board, who: int, turns: range, watch: Stopwatch) -> None:
    for turn in turns:
        key = read_key(who, turn)
        with watch:
            entry = await board.get(key, Parcel)
        check_found(entry, key)


async def _put(board: Board, work: Work, who: int, turns: range, watch: Stopwatch) -> None:
    for turn in turns:
        key = put_key(who, turn) if work is Work.PUT else news_key(who)
        with watch:
            await board.put(key, parcel(turn))


async def _swap(board: Board, who: int, turns: range, watch: Stopwatch) -> None:
    key = swap_key(who)
    entry = await board.get(key, Parcel)
    for turn in turns:
        with watch:
            entry = await board.compare_and_set(key, parcel(turn), expected=entry)


async def _claim(board: Board, turns: range, watch: Stopwatch) -> None:
    for turn in turns:
        with watch:
            async with board.claim(Parcel, tags={TAG}, lease_s=LEASE_S, wait_s=0) as item:
                item.result = parcel(turn)


class See(BaseModel):
    """Watch from a revision on until each watcher has seen so many changes."""

    since: int
    count: int


class Seen(BaseModel):
    """What the watchers of one process have seen."""

    events: int
    latencies_s: list[float]
    """From the time in each value to its arrival, in seconds."""


class Audience(Agent):
    """25 watchers, each with a watch of its own."""

    concurrency = 2

    def __init__(self) -> None:
        self._missing: list[int] = []
        """For each change, how many watchers have not seen it."""
        self._all_saw = 0
        self._news = asyncio.Event()

    async def on_see(self, see: See, ctx: Context) -> Seen:
        """Watch until all have seen all."""
        self._missing, self._all_saw = [WATCHERS_EACH] * see.count, 0
        latencies_s: list[float] = []
        await asyncio.gather(*(self._watch(ctx.board, see, latencies_s) for _ in range(WATCHERS_EACH)))
        return Seen(events=len(latencies_s), latencies_s=latencies_s)

    async def on_wait(self, count: int, ctx: Context) -> int:
        """Return when all have seen the first ``count`` changes."""
        while self._all_saw < count:
            self._news.clear()
            await self._news.wait()
        return count

    async def _watch(self, board: Board, see: See, latencies_s: list[float]) -> None:
        number = 0
        async for event in board.watch(NEWS, Parcel, since=see.since):
            latencies_s.append(time.monotonic() - (event.value.score if event.value else 0.0))
            check_next(event.revision, see.since + number)
            self._missing[number] -= 1
            if not self._missing[number]:
                self._all_saw = number + 1
                self._news.set()
            number += 1
            if number == see.count:
                return
