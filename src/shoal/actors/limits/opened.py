"""Limits are opened: the limiter is started, and kept as long as the system is there."""

from __future__ import annotations

import secrets
from weakref import WeakKeyDictionary

from shoal.actors.limits.limiter import Limiter, LimiterOpening
from shoal.actors.limits.link import ADDRESS
from shoal.actors.limits.permits import LimiterPermits, permits_of
from shoal.actors.limits.spec import RUN, LimitsSpec
from shoal.actors.limits.status import LimitsStatus
from shoal.models.errors import LimiterUnavailable
from shoal.models.permits import Budget
from shoal.runtime.errors import ConfigError, NameTaken
from shoal.runtime.restart_policy import RestartPolicy
from shoal.runtime.system import System

_POLICY = RestartPolicy("permanent", 1000, 60.0, with_client=True)
"""Each restart of it is one of somebody who kills it: what else goes wrong is an answer."""


class Limits:
    """The limits of a system, for the program that opened them."""

    def __init__(self, spec: LimitsSpec, permits: LimiterPermits) -> None:
        self.spec = spec
        self.permits = permits
        """Leave for calls that this program makes itself."""

    async def status(self) -> LimitsStatus:
        """How they are. Raises :class:`~shoal.models.errors.LimiterUnavailable`."""
        return await self.permits.status()

    async def set_budget(self, budget: Budget, level: str = RUN) -> None:
        """Raise or lower the budget of a level while the run goes on. Limits that ``budget`` does not name stay.

        It counts instead of what is declared, until the system ends. Raises
        :class:`~shoal.models.errors.LimiterUnavailable`.
        """
        await self.permits.set_budget(level, budget)

    async def begin(self, level: str = RUN) -> LimitsStatus:
        """The time of a level runs from now on, unless it does already: else it does from its first call on.

        Returns how the limits are then. Raises :class:`~shoal.models.errors.LimiterUnavailable`.
        """
        return await self.permits.begin(level)


_opened: WeakKeyDictionary[System, Limits] = WeakKeyDictionary()


async def open_limits(system: System, spec: LimitsSpec) -> Limits:
    """Start the limiter of a system, before the agents that it limits.

    What was spent in the system's run directory before is spent. Opened a second time with the same limits, it is the
    same. Raises ``ConfigError`` when they are open with others, and
    :class:`~shoal.models.errors.LimiterUnavailable` when the ledger cannot be opened: it says why.
    """
    limits = _opened.get(system)
    if limits is None:
        limits = Limits(spec, permits_of(system.as_sender))
        try:
            await system.keep(Limiter(LimiterOpening(spec, secrets.token_hex(8))), ADDRESS, _POLICY)
        except NameTaken:
            raise ConfigError(
                "the limits of this system are open already, by another system object"
            ) from None
        try:
            await limits.status()
        except LimiterUnavailable:
            await system.stop(ADDRESS)
            raise
        _opened[system] = limits
        system.before_shutdown(limits.permits.close)
    elif limits.spec != spec:
        raise ConfigError("the limits of this system are open with others: raise them with set_budget")
    return limits
