"""Permits of this process alone: the same rules as the cluster's, without a limiter and without a file.

For a system in which no limits were opened: rates, turns and 429s then hold for the calls of this process, budgets too,
but for as long as it lives.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import count

from shoal.actors.limits.amounts import check_want
from shoal.actors.limits.book import Book, Denied
from shoal.actors.limits.leave import Leave
from shoal.actors.limits.spec import LimitsSpec
from shoal.actors.limits.status import LimitsStatus
from shoal.models.permits import Budget, Settlement, Want
from shoal.models.spec import Rates


class LocalPermits:
    """A :class:`~shoal.models.permits.Permits`. Use from one event loop."""

    def __init__(self, spec: LimitsSpec | None = None, *, clock: Callable[[], float] = time.time) -> None:
        """``clock``: wall-clock seconds, as deadlines are."""
        self._book = Book(spec or LimitsSpec(), keeps_charges=False)
        self._clock = clock
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[float]] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, want: Want) -> Leave:
        """See :meth:`~shoal.models.permits.Permits.acquire`. Raises ``ConfigError`` for amounts that cannot be."""
        check_want(want)
        number = next(self._numbers)
        want_id = f"/{number}"
        answer = self._waiting[want_id] = asyncio.get_running_loop().create_future()
        self._book.ask(want_id, want, self._clock())
        self.serve()
        try:
            return Leave(self, number, await answer)
        except asyncio.CancelledError:
            self._waiting.pop(want_id, None)
            self._book.cancel(want_id, self._clock())
            self.serve()
            raise

    def settle(self, number: int, took: Settlement | None) -> None:
        """Take a permit back; ``None``: nobody knows what it took, so all that was reserved."""
        self._book.settle(f"/{number}", took, self._clock())
        if self._waiting:
            self.serve()

    def declare_rates(self, endpoint: str, rates: Rates) -> None:
        """What an endpoint is asked for at most: the lower of all that is declared counts."""
        self._book.declare_rates(endpoint, rates)

    async def set_budget(self, level: str, budget: Budget) -> None:
        """From now on these limits count for a level, whatever is declared; those it does not name stay."""
        self._book.set_budget(level, budget, self._clock())
        self.serve()

    async def status(self) -> LimitsStatus:
        """How the limits are."""
        return self._book.status(self._clock())

    def serve(self) -> None:
        """Tell those who can go."""
        now = self._clock()
        for decision in self._book.serve(now):
            answer = self._waiting.pop(decision.id, None)
            if answer is None or answer.done():
                continue  # cancelled in this very turn: whoever waited gives it back
            if isinstance(decision, Denied):
                answer.set_exception(decision.error)
            else:
                answer.set_result(decision.waited_s)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        at = self._book.next_at(now)
        if at is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0.001, at - now), self.serve)
