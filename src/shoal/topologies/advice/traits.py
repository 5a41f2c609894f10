"""What is known of a task before a team is chosen for it: the input of :func:`~.advice.advice_for`."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Parts(StrEnum):
    """How the work divides."""

    ONE = "one"
    """It does not: one piece of work."""
    KNOWN = "known"
    """Kinds of work that are known, each for a specialist."""
    FIXED_ORDER = "fixed-order"
    """Steps, always in the same order."""
    INDEPENDENT = "independent"
    """Parts that need nothing of one another, and are worth doing side by side."""
    UNKNOWN = "unknown"
    """A search: nobody can say beforehand which parts there are."""
    REFINED = "refined"
    """One thing that peers improve in turns."""


class Routing(StrEnum):
    """When it is known who must do a task."""

    KNOWN = "known"
    """From the task itself, by a rule or a classifier."""
    ON_THE_WAY = "on-the-way"
    """Only when somebody has begun it."""


class Traits(BaseModel):
    """A task's traits. The defaults are those of a task that one agent does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parts: Parts = Parts.ONE
    """How the work divides."""
    context_fits: bool = True
    """Whether all of a task fits one model's context, with a third of it to spare."""
    tools: int = Field(default=0, ge=0)
    """Tools that it needs, all together."""
    permissions_differ: bool = False
    """Whether some of it needs rights that the rest must not have."""
    skills: int = Field(default=1, ge=1)
    """Kinds of work in it that need instructions or a model of their own."""
    reviewer: bool = False
    """Whether a separate reviewer finds what the author misses."""
    accuracy_over_speed: bool = False
    """Whether being right is worth more time and money."""
    agents: int = Field(default=1, ge=1)
    """Agents that are expected to work on it."""
    routing: Routing = Routing.KNOWN
    """When it is known who must do a task."""
    latency_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds in which an answer must be there; ``None``: no limit."""
    accountable: bool = False
    """Whether one place must answer for the result."""
    debuggable: bool = False
    """Whether somebody must be able to say afterwards why it did what it did, and get it again."""
    fault_tolerant: bool = False
    """Whether it must go on when any part of it dies."""
    tight_budget: bool = False
    """Whether tokens are what it must save."""
