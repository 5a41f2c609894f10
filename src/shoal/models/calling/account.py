"""What is written down of a call: one account for each model that was asked."""

from __future__ import annotations

import asyncio
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from shoal.models.chat import Usage
from shoal.models.errors import (
    BudgetExceeded,
    CircuitOpen,
    ContextTooLong,
    LimiterUnavailable,
    ModelMalformed,
    ModelRefused,
    ModelRejected,
    ModelTimeout,
    ModelUnavailable,
    NotRecorded,
    RateLimited,
)
from shoal.models.money import nano_usd
from shoal.models.permits import Charge


class Outcome(StrEnum):
    """How an attempt, or a call, ended."""

    OK = "ok"
    PARTIAL = "partial"
    """Cut by a time limit, and given all the same."""
    TIMEOUT = "timeout"
    CIRCUIT_OPEN = "circuit_open"
    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate_limited"
    MALFORMED = "malformed"
    CONTEXT_TOO_LONG = "context_too_long"
    REJECTED = "rejected"
    REFUSED = "refused"
    OVER_BUDGET = "over_budget"
    NO_LIMITER = "no_limiter"
    NOT_RECORDED = "not_recorded"
    CANCELLED = "cancelled"
    BROKEN = "broken"
    """The model raised what is no ``ModelError``."""


# The first that fits: subclasses stand before their bases.
_BY_ERROR: tuple[tuple[type[BaseException], Outcome], ...] = (
    (ModelTimeout, Outcome.TIMEOUT),
    (CircuitOpen, Outcome.CIRCUIT_OPEN),
    (ModelUnavailable, Outcome.UNAVAILABLE),
    (RateLimited, Outcome.RATE_LIMITED),
    (ModelMalformed, Outcome.MALFORMED),
    (ContextTooLong, Outcome.CONTEXT_TOO_LONG),
    (ModelRejected, Outcome.REJECTED),
    (ModelRefused, Outcome.REFUSED),
    (BudgetExceeded, Outcome.OVER_BUDGET),
    (LimiterUnavailable, Outcome.NO_LIMITER),
    (NotRecorded, Outcome.NOT_RECORDED),
    (asyncio.CancelledError, Outcome.CANCELLED),
)


def outcome_of(error: BaseException) -> Outcome:
    """How it ended when it ended with ``error``."""
    return next((outcome for kind, outcome in _BY_ERROR if isinstance(error, kind)), Outcome.BROKEN)


class CallAccount(BaseModel):
    """What asking one model took within a call. A call that falls back has one for each model it asked: their sum is
    what the call took."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    endpoint: str
    usage: Usage = Usage()
    """Of all attempts that were charged, failed and hedged ones included."""
    usd: float = Field(default=0.0, ge=0)
    charges: tuple[Charge, ...] = ()
    """One for each request that was sent: ``usage`` and ``usd`` are their sums."""
    estimated: bool = False
    """Whether any of the usage was counted here, because the server did not say."""
    priced: bool = True
    """Whether the model's price is known; else ``usd`` is 0 for want of it."""
    attempts: int = Field(default=0, ge=0)
    """Requests that were sent."""
    retries: int = Field(default=0, ge=0)
    outcome: Outcome = Outcome.OK
    waited_s: float = 0.0
    """For permits, all attempts together."""
    first_token_s: float = 0.0
    """Of the attempt that succeeded."""
    took_s: float = 0.0
    """The whole of it: waiting, attempts and the pauses between them."""
    cached: bool = False
    fallback: bool = False
    """Whether another model had failed before."""

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.usage.total_tokens

    @property
    def nano_usd(self) -> int:
        """Billionths of a dollar, exactly: what budgets were charged."""
        if self.charges:
            return sum(charge.nano_usd for charge in self.charges)
        return nano_usd(self.usd)
