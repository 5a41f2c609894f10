"""Plain SQLite's sides of the rows about the blackboard, all in this process but for the one that is killed.

The eight take turns in one thread: SQLite has one writer at a time, so that threads would only add locks.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from shoal.bench.board_growth import PlainBoard, growth, growth_counts
from shoal.bench.board_sqlite import REMARK, SqliteBoard
from shoal.bench.board_sqlite_killed import SqliteRecovery
from shoal.bench.board_work import (
    ENTRIES,
    FEW,
    LEASE_S,
    MANY,
    NEWS,
    TAG,
    WATCHERS,
    WORKERS,
    Row,
    Stopwatch,
    check_found,
    check_next,
    entry_keys,
    event_counts,
    item_keys,
    news_key,
    put_key,
    read_key,
    share_counts,
    stamped,
    swap_key,
)
from shoal.bench.sides import Counts, Outcome, Side, SideFactory, Stage
from shoal.bench.workload import parcel


class SqliteSide(Side):
    """A file in a directory of its own."""

    remark = REMARK
    entries = ENTRIES

    def __init__(self) -> None:
        self._started = ExitStack()

    async def setup(self, stage: Stage) -> None:
        """Make the file."""
        self.board = await asyncio.to_thread(self.make, self.entries)

    def make(self, entries: int) -> SqliteBoard:
        """A board with so many entries."""
        directory = self._started.enter_context(tempfile.TemporaryDirectory(prefix="shoal-bench-"))
        board = SqliteBoard(Path(directory) / "main.db")
        self._started.callback(board.close)
        for keys in entry_keys(entries):
            board.put_all(keys, parcel(0))
        return board

    async def teardown(self) -> None:
        """Remove it."""
        self._started.close()


class SqliteLabor(SqliteSide):
    """Eight in turn, in a thread."""

    counts = share_counts()

    async def run(self, count: int) -> Outcome:
        """Let each do its share."""
        return await asyncio.to_thread(self.work, count // WORKERS)

    def work(self, turns: int) -> Outcome:
        """Do ``turns`` operations for each of the eight; the file counts."""
        watch, before = Stopwatch(), self.board.revision()
        for turn in range(turns):
            for who in range(WORKERS):
                self.one(who, turn, watch)
        return Outcome(done=self.done(before, watch), latencies_s=watch.latencies_s)

    def one(self, who: int, turn: int, watch: Stopwatch) -> None:
        """Do one operation."""
        raise RuntimeError("a side does its own operations")

    def done(self, before: int, watch: Stopwatch) -> int:
        """What was done since a revision."""
        return self.board.revision() - before


class SqliteGets(SqliteLabor):
    """Reads."""

    def one(self, who: int, turn: int, watch: Stopwatch) -> None:
        """Read one entry."""
        key = read_key(who, turn)
        with watch:
            row = self.board.get(key)
        check_found(row, key)

    def done(self, before: int, watch: Stopwatch) -> int:
        """Nobody else counts reads."""
        return len(watch.latencies_s)


class SqlitePuts(SqliteLabor):
    """Writes."""

    def one(self, who: int, turn: int, watch: Stopwatch) -> None:
        """Put one entry."""
        with watch:
            self.board.put(put_key(who, turn), parcel(turn), f"writer-{who}")


class SqliteSwaps(SqliteLabor):
    """Compare-and-sets."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[int, Row] = {}

    def one(self, who: int, turn: int, watch: Stopwatch) -> None:
        """Set a key that nobody changed."""
        with watch:
            self._rows[who] = self.board.compare_and_set(
                swap_key(who), parcel(turn), self._rows.get(who), f"writer-{who}"
            )


class SqliteClaims(SqliteLabor):
    """Claims and completions."""

    def __init__(self) -> None:
        super().__init__()
        self._posted = 0

    async def prepare(self, count: int) -> None:
        """Post the items."""
        await asyncio.to_thread(self._post, count)

    def _post(self, count: int) -> None:
        for keys in item_keys(self._posted, count):
            self.board.post_all(keys, parcel(0), TAG)
        self._posted += count

    def one(self, who: int, turn: int, watch: Stopwatch) -> None:
        """Claim one item and complete it."""
        with watch:
            item = self.board.claim(TAG, f"worker-{who}", LEASE_S)
            check_found(item, "an item")
            assert item is not None
            self.board.complete(item, parcel(turn), f"worker-{who}")

    def done(self, before: int, watch: Stopwatch) -> int:
        """The items that are done."""
        return self.board.done(before)


class SqliteWatch(SqliteSide):
    """Eight tasks that put, 50 that wait for news and then read what they have not seen."""

    counts = event_counts()

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()
        self._seen = 0
        """Events of this run."""
        self._latencies_s: list[float] = []

    async def run(self, count: int) -> Outcome:
        """Put ``count`` ÷ 50 entries; each makes 50 events."""
        puts = count // WATCHERS
        watching = self.begin(puts)
        await asyncio.gather(*(self._put(who, puts // WORKERS) for who in range(WORKERS)))
        await watching
        return Outcome(done=self._seen)

    def begin(self, puts: int) -> asyncio.Future[Any]:
        """Let all watch for the next ``puts`` changes."""
        self._seen, self._latencies_s = 0, []
        since = self.board.revision() + 1
        return asyncio.gather(*(self._watch(since, since + puts) for _ in range(WATCHERS)))

    def tell(self) -> None:
        """There are news."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _put(self, who: int, count: int) -> None:
        for turn in range(count):
            self.board.put(news_key(who), parcel(turn), f"writer-{who}")
            self.tell()
            await asyncio.sleep(0)  # the next one's turn

    async def _watch(self, since: int, until: int) -> None:
        while since < until:
            rows = self.board.changes(since, NEWS)
            if not rows:
                await self._news.wait()
            for row in rows:
                self._latencies_s.append(time.monotonic() - row.value.score)
                check_next(row.revision, since)
                since += 1
                self._seen += 1


class SqliteWatchOne(SqliteWatch):
    """One put at a time, and the next when all 50 have seen it."""

    counts = Counts(least=WATCHERS, step=WATCHERS)

    async def run(self, count: int) -> Outcome:
        """Put ``count`` ÷ 50 entries; each latency is from before the put to one watcher."""
        puts = count // WATCHERS
        watching = self.begin(puts)
        for number in range(puts):
            self.board.put(news_key(0), stamped(number), "writer-0")
            self.tell()
            while self._seen < (number + 1) * WATCHERS and not watching.done():  # noqa: ASYNC110 - their turn, no pause
                await asyncio.sleep(0)
        await watching
        return Outcome(done=self._seen, latencies_s=self._latencies_s)


class SqliteGrowth(SqliteSide):
    """Two files."""

    counts = growth_counts()
    entries = FEW

    async def setup(self, stage: Stage) -> None:
        """Fill both."""
        await super().setup(stage)
        self._large = await asyncio.to_thread(self.make, MANY)

    async def run(self, count: int) -> Outcome:
        """Compare them."""
        both = growth(PlainBoard(self.board), PlainBoard(self._large), count)
        # In a thread: it never waits, and the bench's event loop has others to serve.
        return await asyncio.to_thread(asyncio.run, both)


SQLITE: Mapping[str, SideFactory] = {
    "bget": SqliteGets,
    "bput": SqlitePuts,
    "bcas": SqliteSwaps,
    "bclaim": SqliteClaims,
    "bwatch": SqliteWatch,
    "bwatch1": SqliteWatchOne,
    "brecover": SqliteRecovery,
    "bgrow": SqliteGrowth,
}
"""By row."""
