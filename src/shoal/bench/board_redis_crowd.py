"""The processes in which Redis' clients work and watch: as many as shoal's agents have, each client in a thread.

A process is told what to do through a pipe, and answers what it did. Threads and not tasks: the package's asyncio
client does a quarter fewer operations (1 process of 4, 2 busy cores, redis 8.1: 4,000 to 3,000 a second).
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from shoal.bench.board_redis import RedisBoard
from shoal.bench.board_work import (
    LEASE_S,
    PROCESSES,
    TAG,
    WATCHERS_EACH,
    WORKERS,
    Row,
    Stopwatch,
    Work,
    check_found,
    check_next,
    joined,
    news_key,
    put_key,
    read_key,
    swap_key,
)
from shoal.bench.workload import parcel


class Crowd:
    """One process; use from one thread at a time."""

    def __init__(self, url: str, name: str, number: int) -> None:
        """Start it."""
        # Not forked: this process may have Ray's threads, of which a fork would keep the locks only.
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, url, name, number), daemon=True)
        self._process.start()
        theirs.close()

    def labor(self, work: Work, count: int) -> list[float]:
        """Let its four clients do ``count`` operations each; how long each took."""
        latencies_s: list[float] = self._ask("labor", work, count)
        return latencies_s

    def watch(self, since: int, count: int) -> None:
        """Let its 25 watchers watch for ``count`` changes; returns at once."""
        self._ask("watch", since, count)

    def wait(self, count: int) -> None:
        """Return when all 25 have seen the first ``count`` changes."""
        self._ask("wait", count)

    def watched(self) -> list[float]:
        """Return when all have seen all: how long each event took since the time in its value."""
        latencies_s: list[float] = self._ask("watched")
        return latencies_s

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.join()
        self._ours.close()

    def _ask(self, what: str, *arguments: Any) -> Any:
        self._ours.send((what, *arguments))
        answer = self._ours.recv()
        if isinstance(answer, BaseException):
            raise answer
        return answer


@dataclass
class _Show:
    """What the watchers of one process are to see."""

    since: int
    count: int
    missing: list[int] = field(default_factory=list)
    """For each change, how many have not seen it."""
    all_saw: int = 0
    news: threading.Condition = field(default_factory=threading.Condition)
    watchers: list[Future[list[float]]] = field(default_factory=list)

    def saw(self, number: int) -> None:
        """One watcher has seen a change."""
        with self.news:
            self.missing[number] -= 1
            if not self.missing[number]:
                self.all_saw = number + 1
                self.news.notify_all()

    def failed(self) -> BaseException | None:
        """Why a watcher gave up."""
        return next((error for one in self.watchers if one.done() and (error := one.exception())), None)


class _Server:
    """What a process does when it is told to."""

    def __init__(self, url: str, name: str, number: int) -> None:
        self._whos = range(number, WORKERS, PROCESSES)
        self._boards = {who: RedisBoard(url, name) for who in self._whos}
        self._watching = [RedisBoard(url, name) for _ in range(WATCHERS_EACH)]
        self._swapped: dict[int, Row] = {}
        self._threads = ThreadPoolExecutor(len(self._whos) + WATCHERS_EACH)
        self._show = _Show(0, 0)

    def labor(self, work: Work, count: int) -> list[float]:
        """See :class:`Crowd`."""
        one: Callable[[RedisBoard, int, int, Stopwatch], None] = {
            Work.GET: self._get, Work.PUT: self._put, Work.SWAP: self._swap, Work.CLAIM: self._claim,
            Work.NEWS: self._news,
        }[work]  # fmt: skip

        def share(who: int) -> Sequence[float]:
            watch, board = Stopwatch(), self._boards[who]
            for turn in range(count):
                one(board, who, turn, watch)
            return watch.latencies_s

        return joined(self._threads.map(share, self._whos))

    def watch(self, since: int, count: int) -> None:
        """See :class:`Crowd`."""
        self._show = show = _Show(since, count, [WATCHERS_EACH] * count)
        show.watchers = [self._threads.submit(_watch, board, show) for board in self._watching]

    def wait(self, count: int) -> None:
        """See :class:`Crowd`."""
        show = self._show
        with show.news:
            while show.all_saw < count:
                show.news.wait(1.0)
                if error := show.failed():
                    raise error

    def watched(self) -> list[float]:
        """See :class:`Crowd`."""
        return joined(watcher.result() for watcher in self._show.watchers)

    def _get(self, board: RedisBoard, who: int, turn: int, watch: Stopwatch) -> None:
        key = read_key(who, turn)
        with watch:
            row = board.get(key)
        check_found(row, key)

    def _put(self, board: RedisBoard, who: int, turn: int, watch: Stopwatch) -> None:
        with watch:
            board.put(put_key(who, turn), parcel(turn), f"writer-{who}")

    def _swap(self, board: RedisBoard, who: int, turn: int, watch: Stopwatch) -> None:
        before = self._swapped.get(who)
        with watch:
            self._swapped[who] = board.compare_and_set(swap_key(who), parcel(turn), before, f"writer-{who}")

    def _claim(self, board: RedisBoard, who: int, turn: int, watch: Stopwatch) -> None:
        with watch:
            item = board.claim(TAG, f"worker-{who}", LEASE_S)
            check_found(item, "an item")
            assert item is not None
            board.complete(item, parcel(turn), f"worker-{who}")

    def _news(self, board: RedisBoard, who: int, turn: int, watch: Stopwatch) -> None:
        with watch:
            board.put(news_key(who), parcel(turn), f"writer-{who}")


def _watch(board: RedisBoard, show: _Show) -> list[float]:
    latencies_s: list[float] = []
    while len(latencies_s) < show.count:
        for row in board.changes(show.since + len(latencies_s)):
            check_next(row.revision, show.since + len(latencies_s))
            latencies_s.append(time.monotonic() - row.value.score)
            show.saw(len(latencies_s) - 1)
    return latencies_s


def _serve(theirs: Connection, url: str, name: str, number: int) -> None:
    """The process."""
    server = _Server(url, name, number)
    while True:
        try:
            what, *arguments = theirs.recv()
        except (EOFError, OSError):
            return
        try:
            theirs.send(getattr(server, what)(*arguments))
        except Exception as error:  # it goes to who asked
            theirs.send(error)
