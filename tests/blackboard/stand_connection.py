"""A connection to a store in this process, whose time passes only while somebody waits."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from typing import Any

from shoal.blackboard.connection import Connection
from shoal.blackboard.errors import BoardError
from shoal.blackboard.operations import Operation
from shoal.blackboard.requests import Status, Watch
from shoal.blackboard.results import Page
from tests.blackboard.store.stand import Stand

_PAGE = 1000


class StandConnection(Connection):
    """What a follower or a wait talks to."""

    def __init__(self, stand: Stand, page: int = _PAGE) -> None:
        self.stand = stand
        self.region = "main"
        self.failing: list[BoardError] = []
        """Raised by the next requests, one each, instead of doing them."""
        self.fate: Callable[[int, bool], None] = lambda number, done: None
        """Called with each request's number before and after it is done; what it raises, the request raises."""
        self.requests = 0
        self.before_status: list[Callable[[], Any]] = []
        """What happens just before the next requests for the status, one each."""
        self.late: asyncio.Event | None = None
        """A watch's answer is on its way until this is set."""
        self._page = page
        self._plan: list[tuple[float, int, Callable[[], Any]]] = []
        self._order = count()

    def after(self, seconds: float, action: Callable[[], Any]) -> None:
        """Do something when so much time has passed."""
        heapq.heappush(self._plan, (self.stand.now + seconds, next(self._order), action))

    def clock(self) -> float:
        """The stand's time."""
        return self.stand.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        until = self.stand.now + seconds
        while self._happens(until):
            pass

    async def operate(self, operation: Operation, *, wait_s: float = 0.0) -> Any:
        number = await self._come()
        result = self.stand.do(operation)
        self.fate(number, True)
        return result

    async def watch(self, watch: Watch, wait_s: float) -> Page:
        await self._come()
        until = self.stand.now + wait_s
        while True:
            store = self.stand.store
            found = store.changes(watch.since, watch.prefix, self._page)
            if found:
                if self.late is not None:
                    await self.late.wait()
                more = len(found) >= self._page
                return Page(found[-1].mod_revision if more else store.revision, tuple(found), more)
            if not self._happens(until):
                return Page(store.revision, (), False)

    async def status(self) -> Status:
        if self.before_status:
            self.before_status.pop(0)()
        await self._come()
        found = self.stand.store.summary()
        return Status(
            found.revision, found.oldest, found.keys, found.open, found.claimable, found.claimed, found.done,
            found.dead, found.leases, 0, 0,
        )  # fmt: skip

    async def _come(self) -> int:
        await asyncio.sleep(0)  # it is on its way: others go on meanwhile
        self.requests += 1
        number = self.requests
        self.stand.advance()
        if self.failing:
            raise self.failing.pop(0)
        self.fate(number, False)
        return number

    def _happens(self, until: float) -> bool:
        """Let time pass to what happens next, or to the end of the wait; whether something may happen still."""
        due = self.stand.store.due()
        at = min([until, *([self._plan[0][0]] if self._plan else []), *([due] if due is not None else [])])
        before, self.stand.now = self.stand.now, max(at, self.stand.now)
        self.stand.advance()
        if self._plan and self._plan[0][0] <= self.stand.now:
            heapq.heappop(self._plan)[2]()
            return True
        return before < self.stand.now < until or (at < until and due is not None and before < at)
