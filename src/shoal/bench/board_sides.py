"""shoal's sides of the rows about its blackboard: gets, puts, compare-and-sets, claims and watches.

Those who work are agents; where there are several processes they share two, and the board has one of its own. What was
done is counted by the board: by its revision, or by the items that are done.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping

from shoal.bench.board_agents import Audience, Laborer, See, Seen, Share
from shoal.bench.board_work import (
    ENTRIES,
    PROCESSES,
    TAG,
    WATCHERS,
    WORKERS,
    Work,
    entry_keys,
    event_counts,
    item_keys,
    joined,
    news_key,
    share_counts,
    stamped,
)
from shoal.bench.shoal_sides import _ShoalSide
from shoal.bench.sides import Counts, Outcome, SideFactory, Stage
from shoal.bench.workload import parcel
from shoal.blackboard.board import Board
from shoal.blackboard.requests import Status
from shoal.blackboard.transactions import Do
from shoal.runtime.ref import Ref
from shoal.runtime.starting import start
from shoal.runtime.system import System


async def fill(board: Board, count: int) -> None:
    """Put ``count`` entries, many at once."""
    for keys in entry_keys(count):
        await board.transaction(then=[Do.put(key, parcel(0)) for key in keys])


class BoardSide(_ShoalSide):
    """A system with a run directory of its own, and its main region."""

    def __init__(self, target: str | None, *, durable: bool = True) -> None:
        super().__init__(target)
        self._durable = durable

    async def setup(self, stage: Stage) -> None:
        """Start the system and open the region; then the agents."""
        self._runs = tempfile.TemporaryDirectory(prefix="shoal-bench-")
        self._system = await start(self._target, run_dir=self._runs.name, ask_timeout_s=120.0)
        self.board = await self._system.board(durable=self._durable).open()
        await self.hire(self._system)

    async def teardown(self) -> None:
        """Stop it, and remove what it wrote."""
        await super().teardown()
        self._runs.cleanup()

    async def crowd(self, system: System) -> list[Ref]:
        """Eight that work, in two processes."""
        self._hosts = [await system.host(f"crowd-{number}") for number in range(PROCESSES)]
        return [
            await system.spawn(Laborer, name=f"laborer-{who}", host=self._hosts[who % PROCESSES])
            for who in range(WORKERS)
        ]


class BoardLabor(BoardSide):
    """Eight that do one kind of work."""

    counts = share_counts()

    def __init__(self, target: str | None, work: Work, *, durable: bool = True) -> None:
        super().__init__(target, durable=durable)
        self._work = work

    async def hire(self, system: System) -> None:
        """The eight, and what they read."""
        self._laborers = await self.crowd(system)
        await fill(self.board, ENTRIES)

    async def run(self, count: int) -> Outcome:
        """Let each do its share."""
        before = await self.board.status()
        shares = [
            laborer.ask(Share(work=self._work, who=who, count=count // WORKERS))
            for who, laborer in enumerate(self._laborers)
        ]
        latencies_s = joined(await asyncio.gather(*shares))
        done = self.done(before, await self.board.status(), len(latencies_s))
        return Outcome(done=done, latencies_s=latencies_s)

    def done(self, before: Status, after: Status, answered: int) -> int:
        """What the board says was done; of gets it counts nothing."""
        return answered if self._work is Work.GET else after.revision - before.revision


class BoardClaims(BoardLabor):
    """Eight that claim and complete."""

    def __init__(self, target: str | None, *, durable: bool = True) -> None:
        super().__init__(target, Work.CLAIM, durable=durable)
        self._posted = 0

    async def prepare(self, count: int) -> None:
        """Post the items."""
        for keys in item_keys(self._posted, count):
            await self.board.transaction(then=[Do.post(key, parcel(0), tags={TAG}) for key in keys])
        self._posted += count

    def done(self, before: Status, after: Status, answered: int) -> int:
        """The items that are done."""
        return after.done - before.done


class BoardWatch(BoardSide):
    """Eight that put as fast as they can, 50 that watch."""

    counts = event_counts()

    async def hire(self, system: System) -> None:
        """All of them."""
        self._laborers = await self.crowd(system)
        self._audiences = [
            await system.spawn(Audience, name=f"audience-{number}", host=host)
            for number, host in enumerate(self._hosts)
        ]

    async def begin(self, puts: int) -> list[asyncio.Task[Seen]]:
        """Let all watch for the next ``puts`` changes."""
        see = See(since=(await self.board.status()).revision + 1, count=puts)
        return [asyncio.create_task(audience.ask(see)) for audience in self._audiences]

    async def run(self, count: int) -> Outcome:
        """Put ``count`` ÷ 50 entries; each makes 50 events."""
        puts = count // WATCHERS
        watching = await self.begin(puts)
        shares = [
            laborer.ask(Share(work=Work.NEWS, who=who, count=puts // WORKERS))
            for who, laborer in enumerate(self._laborers)
        ]
        watched = asyncio.gather(*watching)
        await asyncio.gather(asyncio.gather(*shares), watched)  # whichever fails first is what went wrong
        return Outcome(done=sum(seen.events for seen in watched.result()))


class BoardWatchOne(BoardWatch):
    """One put at a time, and the next when all 50 have seen it."""

    counts = Counts(least=WATCHERS, step=WATCHERS)

    async def run(self, count: int) -> Outcome:
        """Put ``count`` ÷ 50 entries; each latency is from before the put to one watcher's loop."""
        puts = count // WATCHERS
        watching = await self.begin(puts)
        watched = asyncio.gather(*watching)
        await asyncio.gather(self._put_each(puts), watched)
        latencies_s = joined(seen.latencies_s for seen in watched.result())
        return Outcome(done=len(latencies_s), latencies_s=latencies_s)

    async def _put_each(self, puts: int) -> None:
        for number in range(puts):
            await self.board.put(news_key(0), stamped(number))
            await asyncio.gather(*(audience.ask(number + 1) for audience in self._audiences))


def board_sides(target: str | None, *, durable: bool = True) -> Mapping[str, SideFactory]:
    """By row."""
    return {
        "bget": lambda: BoardLabor(target, Work.GET, durable=durable),
        "bput": lambda: BoardLabor(target, Work.PUT, durable=durable),
        "bcas": lambda: BoardLabor(target, Work.SWAP, durable=durable),
        "bclaim": lambda: BoardClaims(target, durable=durable),
        "bwatch": lambda: BoardWatch(target, durable=durable),
        "bwatch1": lambda: BoardWatchOne(target, durable=durable),
    }
