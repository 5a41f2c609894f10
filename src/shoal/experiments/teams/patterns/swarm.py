"""``topology: swarm``: agents that take items off a board."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from shoal.experiments.teams.ending import Endings
from shoal.experiments.teams.words import Duration, ImportPath, TypeName
from shoal.experiments.teams.wrapping import Wrapped

if TYPE_CHECKING:
    from shoal.experiments.teams.spec import Member, Members


class SwarmSpec(Wrapped):
    """Agents that take items off a board and put findings and further items there (``shoal.swarm``)."""

    topology: Literal["swarm"]
    """The pattern."""
    agents: Members | None = None
    """Who takes items, by name or as a list."""
    agent: Member | None = None
    """What all are copies of, with ``count``."""
    count: int | None = None
    """How many copies of ``agent``."""
    board: str = "main"
    """The region of the blackboard."""
    seed: ImportPath | None = None
    """A function that makes the first items of a message; the message itself where nothing is said."""
    until: Endings | None = None
    """When a task ends: one condition or several, the first that holds."""
    result: ImportPath | None = None
    """A class of result, or a function that makes the answer of one."""
    finding: TypeName | None = None
    """The type that findings must be."""
    name_of: ImportPath | None = None
    """A function of the item that says what it is called; two that are called the same are one."""
    priority: ImportPath | None = None
    """A function of the item: which come first."""
    most_items: int = 10_000
    """Items of one task, at most."""
    items_each: int | None = None
    """Items of one task that each agent may do."""
    failures_each: int | None = 5
    """An agent that failed so often, more than it completed, gets no more of the task."""
    attempts: int = 3
    """How often an item is tried."""
    backoff_s: float = 1.0
    """The pause before an item is tried again, in seconds."""
    lease_s: Duration = 30.0
    """How long a claim holds without being renewed."""
    cut: float | None = 0.9
    """At this share of the asker's time the task ends with what there is."""
    monitor: Member | None = None
    """A function by import path, or an agent, that looks on: takes shoal:SwarmView."""
    monitor_every: int = 50
    """It is asked after so many attempts."""
    at_once: int | None = None
    """Items that one agent has at a time."""
    keep: bool = False
    """Leave a task's keys on the board when it is over."""
    accepts: TypeName | None = None
    """The type of message, where seed does not say."""
