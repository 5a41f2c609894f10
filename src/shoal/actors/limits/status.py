"""How the limits are, for people, the command line and tests."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from shoal.actors.limits.account import Account
from shoal.actors.limits.amounts import Amounts, Ceiling
from shoal.actors.limits.gate import Gate
from shoal.models.money import NANO
from shoal.models.permits import Budget
from shoal.models.spec import Rates


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Use(_Frozen):
    """What is reserved, or was spent."""

    tokens: int = 0
    usd: float = 0.0
    calls: int = 0
    steps: int = 0


class LevelStatus(_Frozen):
    """One level."""

    limit: Budget
    reserved: Use
    """By calls that are under way."""
    spent: Use
    left: Budget
    """What can still be reserved now; ``None`` where there is no limit."""
    over: int = 0
    """Calls that took more than what was said to be the most: only they can bring a level over its limit."""


class EndpointStatus(_Frozen):
    """One endpoint."""

    rates: Rates
    running: int
    waiting: int
    last_minute: Use
    """Calls and tokens that were let go in the last 60 seconds."""
    most: int | None = None
    """Calls at one time now; ``None``: no limit. Less than ``rates`` says after a 429."""
    rate_limited: int = 0
    """429s so far."""
    paused_s: float = 0.0
    """For how long nobody goes."""


class LimitsStatus(_Frozen):
    """All of them, by name."""

    levels: dict[str, LevelStatus]
    endpoints: dict[str, EndpointStatus]
    open: int
    """Permits that are not settled."""
    waiting: int


def level_status(account: Account, now: float) -> LevelStatus:
    """How one level is."""
    limit, held = account.limit, account.spent.plus(account.reserved)
    tokens, usd, calls, steps = (
        None if top is None else max(0, int(top) - used) for top, used in zip(limit[:4], held, strict=True)
    )
    ends_at = account.ends_at
    wall_s = limit.wall_s if ends_at is None else max(0.0, ends_at - now)
    return LevelStatus(
        limit=_budget(limit),
        reserved=_use(account.reserved),
        spent=_use(account.spent),
        left=_budget(Ceiling(tokens, usd, calls, steps, wall_s)),
        over=account.over,
    )


def endpoint_status(gate: Gate, waiting: int, now: float) -> EndpointStatus:
    """How one endpoint is."""
    gate.window.forget(now)
    return EndpointStatus(
        rates=gate.rates,
        running=gate.running,
        waiting=waiting,
        last_minute=Use(tokens=gate.window.tokens, calls=gate.window.calls),
        most=gate.most,
        rate_limited=gate.limited,
        paused_s=max(0.0, gate.paused_until - now),
    )


def _use(amounts: Amounts) -> Use:
    return Use(tokens=amounts.tokens, usd=amounts.nano_usd / NANO, calls=amounts.calls, steps=amounts.steps)


def _budget(limit: Ceiling) -> Budget:
    usd = None if limit.nano_usd is None else limit.nano_usd / NANO
    return Budget(tokens=limit.tokens, usd=usd, calls=limit.calls, steps=limit.steps, wall_s=limit.wall_s)
