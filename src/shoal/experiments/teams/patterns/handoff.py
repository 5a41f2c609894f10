"""``topology: handoff``: agents pass a task on among themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from shoal.experiments.teams.words import Duration, FlagOrType
from shoal.experiments.teams.wrapping import Wrapped

if TYPE_CHECKING:
    from shoal.experiments.teams.spec import Members


class HandoffSpec(Wrapped):
    """Agents hand a task over to one another until one answers it (``shoal.handoff``)."""

    topology: Literal["handoff"]
    """The pattern."""
    agents: Members
    """Who there is, by name or as a list; each answers the task, or shoal:Transfer."""
    start: str | None = None
    """Who gets the task first; the first of them where nothing is said."""
    default: str | None = None
    """Who gets what was handed over too often, or to nobody."""
    most_transfers: int = 8
    """So often a task may be handed over."""
    most_bounces: int = 2
    """So often straight back."""
    allowed: dict[str, list[str]] | None = None
    """By name, to whom an agent may hand over; everybody to everybody where nothing is said."""
    requires: list[str] = Field(default=["goal", "reason"])
    """The fields of a transfer that must say something."""
    needs_context: bool = True
    """Refuse an agent that would not see why a task is handed to it."""
    conversation: str = ""
    """The field of the task that says to which conversation it belongs."""
    region: str = "main"
    """The region of the blackboard that remembers conversations."""
    keep_s: Duration = 86400.0
    """How long a conversation is remembered."""
    record: FlagOrType = False
    """Answer with a record that has the path."""
