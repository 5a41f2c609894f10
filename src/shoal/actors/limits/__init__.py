"""Limits before spending: budgets, rates and turns, for the whole cluster or for one process."""

from shoal.actors.limits.local_permits import LocalPermits
from shoal.actors.limits.opened import Limits, open_limits
from shoal.actors.limits.permits import LimiterPermits, permits_of
from shoal.actors.limits.spec import LimitsSpec
from shoal.actors.limits.status import EndpointStatus, LevelStatus, LimitsStatus, Use

__all__ = [
    "EndpointStatus",
    "LevelStatus",
    "LimiterPermits",
    "Limits",
    "LimitsSpec",
    "LimitsStatus",
    "LocalPermits",
    "Use",
    "open_limits",
    "permits_of",
]
