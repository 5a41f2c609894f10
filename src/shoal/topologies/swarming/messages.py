"""What a swarm's agents publish, what it answers, and what its monitor sees and says."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shoal.runtime.codec import message

_FROZEN = ConfigDict(frozen=True, extra="forbid")


@message("shoal.Published")
class Published(BaseModel):
    """What an agent of a swarm makes of an item, where that is more than one finding.

    A subclass says of which types they are::

        class Read(shoal.Published):
            findings: list[Fact] = []
            items: list[Page] = []
    """

    model_config = _FROZEN

    findings: list[Any] = Field(default_factory=list)
    """What was found: goes into the result."""
    items: list[Any] = Field(default_factory=list)
    """What is to be worked on next, by whoever takes it."""
    done: str = ""
    """Why the agent thinks that all of it is done. A proposal: it ends nothing by itself; the monitor sees it."""


class AgentTally(BaseModel):
    """What one agent did for one task."""

    model_config = _FROZEN

    done: int = 0
    """Items that it completed."""
    failed: int = 0
    """Attempts at items that failed."""
    retired: str = ""
    """Why it gets no more items of this task; empty: it does."""


class DeadItem(BaseModel):
    """An item that was given up."""

    model_config = _FROZEN

    name: str
    errors: tuple[str, ...]
    """Why its attempts failed, each beginning with who made it."""


@message("shoal.SwarmResult")
class SwarmResult(BaseModel):
    """What came of a task, and why it is over. A subclass may say of which type ``findings`` are."""

    model_config = _FROZEN

    findings: list[Any]
    """In the order of their items' names. Models are here with their fields, unless a subclass says what they are."""
    condition: str
    """What ended it: one of ``until``, or a limit of the swarm (``most_items=...``, ``monitor``, ...)."""
    reason: str
    """The same in words and figures."""
    partial: bool
    """Whether items were left, or given up: what is found is not all that there was."""
    posted: int
    done: int
    left: int
    """Items that nobody completed before the end."""
    dead: int
    """Items that were given up after their last attempt."""
    given_up: tuple[DeadItem, ...] = ()
    """The first of them."""
    agents: dict[str, AgentTally]
    proposals: tuple[str, ...] = ()
    """Why agents thought that it was done; the first ones."""
    warnings: tuple[str, ...] = ()
    """What the swarm's own monitor saw."""


@message("shoal.SwarmView")
class SwarmView(BaseModel):
    """How one task goes: what a monitor looks at."""

    model_config = _FROZEN

    task: str
    """The task's id."""
    look: int
    """Which look this is: 1 for the first."""
    after_s: float
    posted: int
    open: int
    claimed: int
    done: int
    dead: int
    findings: int
    growth: float
    """Items posted for each that was finished (done or failed), since the last look. Over 1: what is left grows."""
    new_findings: int
    """Since the last look."""
    diverging: bool
    """Whether what is left has been growing fast for several looks."""
    stalled: bool
    """Whether several looks have seen no finding."""
    agents: dict[str, AgentTally]
    proposals: tuple[str, ...]


@message("shoal.SwarmAdvice")
class SwarmAdvice(BaseModel):
    """What a monitor says. Without a reason to stop, the swarm goes on."""

    model_config = _FROZEN

    stop: str = ""
    """Why the task has to end now; empty: it goes on."""
    resize: int | None = Field(default=None, ge=1)
    """How many agents the swarm is to have."""


@message("shoal.Resize")
class Resize(BaseModel):
    """Asks a swarm to have so many agents from now on. It answers how many it has."""

    model_config = _FROZEN

    agents: int = Field(ge=1)
