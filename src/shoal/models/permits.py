"""The seam between a model call and the limits it needs leave from.

One attempt at a call is one :class:`Want`; leave for it is a :class:`Permit`, which is settled with what the attempt
really took. The shared implementation is in ``shoal.actors.limits``; :class:`Unlimited` says yes to everything.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field


class Budget(BaseModel):
    """What may be used in all. ``None``: not limited by this budget."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: int | None = Field(default=None, ge=0)
    """Input and output together."""
    usd: float | None = Field(default=None, ge=0)
    calls: int | None = Field(default=None, ge=0)
    """Model calls; each attempt is one."""
    steps: int | None = Field(default=None, ge=0)
    """Steps of agents: a model call with the tools it asks for."""
    wall_s: float | None = Field(default=None, ge=0)
    """From the first use on; the time in which nobody works on the run does not count."""


class Level(NamedTuple):
    """One budget that a call is charged to: ``run``, ``team/<name>``, ``agent/<address>``, ``task/<id>``."""

    name: str
    budget: Budget | None = None
    """What is declared for it; ``None``: whatever was declared before, or no limit."""


class Want(NamedTuple):
    """Leave for one attempt at a call."""

    endpoint: str
    """``ChatModel.endpoint``."""
    model: str
    tokens: int
    """The most it may take: input and the limit of the output."""
    usd: float
    """The most it may cost."""
    levels: tuple[Level, ...] = ()
    """All of them must have room."""
    steps: int = 0
    """Steps that begin with it: 1 for the first attempt of a step, 0 for others."""
    task: str = ""
    """Waiting tasks take turns."""
    priority: int = 0
    """Higher goes first; within one priority it is fair between tasks."""
    deadline: float | None = None
    """Wall-clock second after which nobody wants it any more."""
    about: tuple[str, ...] = ()
    """Whose call it is, in words of whoever calls. It is kept with the charge as long as no record of the call is."""


class Settlement(NamedTuple):
    """What an attempt took."""

    tokens: int
    usd: float
    rate_limited: bool = False
    """Whether the server said 429: everybody who uses the endpoint slows down."""
    retry_after_s: float | None = None


class Charge(NamedTuple):
    """What one attempt was charged: kept in the record of its call, so that charges and records can be matched."""

    permit: str
    """``Permit.id``."""
    tokens: int
    nano_usd: int
    """Billionths of a US dollar."""


class Permit(Protocol):
    """Leave for one attempt. Settled exactly once, also when the attempt failed or was cancelled."""

    id: str
    """No other permit of the run has it; empty where nobody keeps books."""
    waited_s: float
    """How long it had to be waited for."""

    def settle(self, took: Settlement) -> None:
        """Give back what was not used. Does not wait and does not fail; twice is once."""


class Permits(Protocol):
    """Who gives leave."""

    async def acquire(self, want: Want) -> Permit:
        """Wait until there is room in every rate, and reserve what is wanted in every budget.

        Raises :class:`~shoal.models.errors.BudgetExceeded` at once when it can never fit, and
        :class:`~shoal.models.errors.LimiterUnavailable`. A cancelled wait leaves nothing reserved.
        """


class _Leave:
    id = ""
    waited_s = 0.0

    def settle(self, took: Settlement) -> None:
        """Nothing was reserved."""


class Unlimited:
    """No limits at all."""

    async def acquire(self, want: Want) -> Permit:
        """Leave, at once."""
        return _LEAVE


_LEAVE = _Leave()
