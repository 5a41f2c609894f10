"""Redis' sides of the rows about the blackboard: a server, and clients in two processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import ExitStack

from shoal.bench.board_growth import PlainBoard, growth, growth_counts
from shoal.bench.board_recovery import kill_counts
from shoal.bench.board_redis import RedisBoard
from shoal.bench.board_redis_crowd import Crowd
from shoal.bench.board_redis_server import RedisServer
from shoal.bench.board_work import (
    ENTRIES,
    FEW,
    MANY,
    PROCESSES,
    TAG,
    WATCHERS,
    WORKERS,
    Work,
    check_found,
    entry_key,
    entry_keys,
    event_counts,
    item_keys,
    joined,
    news_key,
    share_counts,
    stamped,
)
from shoal.bench.errors import CannotTakePart
from shoal.bench.sides import Counts, Outcome, Side, SideFactory, Stage
from shoal.bench.workload import parcel


class RedisSide(Side):
    """A server with entries."""

    entries = ENTRIES

    def __init__(self) -> None:
        self.started = ExitStack()
        """What is to be stopped."""

    async def setup(self, stage: Stage) -> None:
        """Start the server, or find it."""
        self._observe = stage.observe
        self.server = RedisServer()
        self.board = await asyncio.to_thread(self.serve, self.server, self.entries)
        self.remark = self.server.remark()

    def serve(self, server: RedisServer, entries: int) -> RedisBoard:
        """Start a server and fill it; a connection to it."""
        self.started.callback(server.stop)
        server.start()
        board = server.board()
        self.started.callback(board.close)
        fill(board, entries)
        return board

    async def teardown(self) -> None:
        """Stop it, or delete our keys."""
        await asyncio.to_thread(self.started.close)


def fill(board: RedisBoard, count: int) -> None:
    """Put ``count`` entries, many at once."""
    for keys in entry_keys(count):
        board.put_all(keys, parcel(0))


class RedisCrowd(RedisSide):
    """A server and the processes of its clients."""

    async def setup(self, stage: Stage) -> None:
        """Start all of it."""
        await super().setup(stage)
        self._crowds = [Crowd(self.server.url, self.server.name, number) for number in range(PROCESSES)]
        for crowd in self._crowds:
            self.started.callback(crowd.end)
        await self.labor(Work.NEWS, 1)

    async def labor(self, work: Work, count: int) -> list[float]:
        """Let each of the eight do ``count`` operations."""
        shares = (asyncio.to_thread(crowd.labor, work, count) for crowd in self._crowds)
        return joined(await asyncio.gather(*shares))


class RedisLabor(RedisCrowd):
    """Eight that do one kind of work."""

    counts = share_counts()

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    async def run(self, count: int) -> Outcome:
        """Let each do its share; the server counts."""
        before = self.done()
        latencies_s = await self.labor(self._work, count // WORKERS)
        done = len(latencies_s) if self._work is Work.GET else self.done() - before
        return Outcome(done=done, latencies_s=latencies_s)

    def done(self) -> int:
        """What was done so far."""
        return self.board.revision()


class RedisClaims(RedisLabor):
    """Eight that claim and complete."""

    def __init__(self) -> None:
        super().__init__(Work.CLAIM)
        self._posted = 0

    async def prepare(self, count: int) -> None:
        """Post the items."""
        await asyncio.to_thread(self._post, count)

    def _post(self, count: int) -> None:
        for keys in item_keys(self._posted, count):
            self.board.post_all(keys, parcel(0), TAG)
        self._posted += count

    def done(self) -> int:
        """The items that are done."""
        return self.board.done()


class RedisWatch(RedisCrowd):
    """Eight that put as fast as they can, 50 that watch; four and 25 share a process."""

    counts = event_counts()

    async def begin(self, puts: int) -> None:
        """Let all watch for the next ``puts`` changes."""
        since = self.board.revision() + 1
        await asyncio.gather(*(asyncio.to_thread(crowd.watch, since, puts) for crowd in self._crowds))

    async def watched(self) -> list[float]:
        """What all have seen."""
        return joined(await asyncio.gather(*(asyncio.to_thread(crowd.watched) for crowd in self._crowds)))

    async def run(self, count: int) -> Outcome:
        """Put ``count`` ÷ 50 entries; each makes 50 events."""
        puts = count // WATCHERS
        await self.begin(puts)
        await self.labor(Work.NEWS, puts // WORKERS)
        return Outcome(done=len(await self.watched()))


class RedisWatchOne(RedisWatch):
    """One put at a time, and the next when all 50 have seen it."""

    counts = Counts(least=WATCHERS, step=WATCHERS)

    async def run(self, count: int) -> Outcome:
        """Put ``count`` ÷ 50 entries; each latency is from before the put to one watcher."""
        puts = count // WATCHERS
        await self.begin(puts)
        await asyncio.to_thread(self._put_each, puts)
        latencies_s = await self.watched()
        return Outcome(done=len(latencies_s), latencies_s=latencies_s)

    def _put_each(self, puts: int) -> None:
        for number in range(puts):
            self.board.put(news_key(0), stamped(number), "writer-0")
            for crowd in self._crowds:
                crowd.wait(number + 1)


class RedisRecovery(RedisSide):
    """From SIGKILL of the server to the answer of the next one, which is started when the first is gone."""

    counts = kill_counts()
    entries = MANY

    async def setup(self, stage: Stage) -> None:
        """Only a server of our own may be killed."""
        if not RedisServer().ours:
            raise CannotTakePart("its server is not ours to kill")
        await super().setup(stage)

    async def run(self, count: int) -> Outcome:
        """Kill it ``count`` times."""
        return await asyncio.to_thread(self._kill_each, count)

    def _kill_each(self, count: int) -> Outcome:
        latencies_s = []
        for number in range(count):
            self._observe()
            begun = time.perf_counter()
            self.server.kill()
            self.server.launch()
            self.server.wait()
            board = self.server.board()
            check_found(board.get(entry_key(number)), entry_key(number))
            latencies_s.append(time.perf_counter() - begun)
            board.close()
        return Outcome(done=len(latencies_s), latencies_s=latencies_s)


class RedisGrowth(RedisSide):
    """Two servers, or one with two names."""

    counts = growth_counts()
    entries = FEW

    async def setup(self, stage: Stage) -> None:
        """Fill both."""
        await super().setup(stage)
        self._large = await asyncio.to_thread(self.serve, RedisServer(), MANY)

    async def run(self, count: int) -> Outcome:
        """Compare them."""
        both = growth(PlainBoard(self.board), PlainBoard(self._large), count)
        # In a thread: it never waits, and the bench's event loop has others to serve.
        return await asyncio.to_thread(asyncio.run, both)


REDIS: Mapping[str, SideFactory] = {
    "bget": lambda: RedisLabor(Work.GET),
    "bput": lambda: RedisLabor(Work.PUT),
    "bcas": lambda: RedisLabor(Work.SWAP),
    "bclaim": RedisClaims,
    "bwatch": RedisWatch,
    "bwatch1": RedisWatchOne,
    "brecover": RedisRecovery,
    "bgrow": RedisGrowth,
}
"""By row."""
