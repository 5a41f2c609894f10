"""Permits of the whole cluster, as agents and programs use them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Iterable
from weakref import WeakKeyDictionary, ref

from shoal.actors.limits.leave import Leave
from shoal.actors.limits.link import ADDRESS, LimiterLink
from shoal.actors.limits.local_permits import LocalPermits
from shoal.actors.limits.requests import Ask, Request, pack_request, read_answer
from shoal.actors.limits.status import LimitsStatus
from shoal.models.errors import LimiterUnavailable
from shoal.models.permits import Budget, Charge, Want
from shoal.models.spec import Rates
from shoal.runtime.context import Context
from shoal.runtime.errors import ShoalError, SystemClosed
from shoal.runtime.host import Host

_LOOK_AGAIN_S = 5.0
"""So long a process that found no limiter does without before it looks again."""
_TIMEOUT_S = 30.0


class LimiterPermits:
    """A :class:`~shoal.models.permits.Permits` of the system's limiter, one for each process.

    With ``local``, leave is given by this process alone where no limits were opened.
    """

    def __init__(self, host: Host, *, local: LocalPermits | None = None) -> None:
        self._host = ref(
            host
        )  # weak: the permits of a process are found by its host, as long as that is there
        self._local = local
        self._local_until = 0.0
        self._link = LimiterLink(self._send, host.incarnation.hex())

    async def acquire(self, want: Want) -> Leave:
        """See :meth:`~shoal.models.permits.Permits.acquire`. Raises ``ConfigError`` for amounts that cannot be."""
        if self._local is None:
            return await self._link.acquire(want)
        if time.monotonic() < self._local_until:
            return await self._local.acquire(want)
        try:
            return await self._link.acquire(want)
        except LimiterUnavailable as error:
            if error.details.get("opened") is not False:
                raise
        self._local_until = time.monotonic() + _LOOK_AGAIN_S
        return await self._local.acquire(want)

    def recorded(self, charges: Iterable[Charge]) -> None:
        """Calls that were charged so are recorded, here or by a process before. Does not wait."""
        self._link.recorded(charges)

    def declare_rates(self, endpoint: str, rates: Rates) -> None:
        """What an endpoint is asked for at most: the lower of all that is declared, by anybody, counts."""
        self._link.declare_rates(endpoint, rates)
        if self._local is not None:
            self._local.declare_rates(endpoint, rates)

    async def set_budget(self, level: str, budget: Budget) -> None:
        """From now on these limits count for a level, whatever is declared; those it does not name stay.

        Raises :class:`~shoal.models.errors.LimiterUnavailable`.
        """
        await self._look(Request(Ask.SET, "", 0, level=level, budget=budget))

    async def begin(self, level: str) -> LimitsStatus:
        """The time of a level runs from now on, unless it does already. Returns how the limits are then.

        Raises :class:`~shoal.models.errors.LimiterUnavailable`.
        """
        return LimitsStatus.model_validate_json(await self._look(Request(Ask.BEGIN, "", 0, level=level)))

    async def status(self) -> LimitsStatus:
        """How the limits are. Raises :class:`~shoal.models.errors.LimiterUnavailable`."""
        return LimitsStatus.model_validate_json(await self._look(Request(Ask.STATUS, "", 0)))

    async def flush(self) -> None:
        """Wait until the limiter has heard of everything that was settled here."""
        await self._link.flush()

    async def close(self) -> None:
        """Tell the limiter what was settled here, and then nothing more: the system is being shut down."""
        await self._link.flush()
        self._link.close()

    async def _look(self, request: Request) -> str:
        try:
            answer = read_answer(await self._send(pack_request(request), _TIMEOUT_S))
        except ShoalError as error:
            raise LimiterUnavailable(f"the limiter cannot be reached: {error.text}") from error
        if answer.trouble:
            raise LimiterUnavailable(f"the limiter cannot answer: {answer.trouble}")
        return answer.status

    def _send(self, message: bytes, limit_s: float) -> Awaitable[bytes]:
        host = self._host()
        if host is None:
            raise SystemClosed("the system is shut down")
        return host.ask(ADDRESS, message, timeout_s=limit_s)


_permits: WeakKeyDictionary[Host, LimiterPermits] = WeakKeyDictionary()


def permits_of(asker: Context | Host) -> LimiterPermits:
    """The permits of the process in which this runs: all its agents share them.

    Where no limits were opened, the process alone gives leave, and looks for a limiter again a little later.
    """
    host = asker._cell.host if isinstance(asker, Context) else asker
    permits = _permits.get(host)
    if permits is None:
        permits = _permits[host] = LimiterPermits(host, local=LocalPermits())
    return permits
