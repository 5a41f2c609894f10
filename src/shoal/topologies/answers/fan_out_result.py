"""What a fan-out can say about its answer: who gave it, who another one, who none. Pure.

A subclass that names the answer's type gets it as that:
``class Voted(shoal.FanOutResult): answer: Label | None = None``; so do ``answers: dict[str, Label]``.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from shoal.runtime.codec import message
from shoal.topologies.answers.aggregate import Position
from shoal.topologies.tree.contradictions import Contradiction
from shoal.topologies.wiring.carrying import Carrying


@message("shoal.FanOutResult")
class FanOutResult(Carrying):
    """A fan-out's answer with all that it rests on."""

    answer: Any = None
    """The team's answer, as plain data unless a subclass names its type; ``None`` when there is none."""
    undecided: str = ""
    """Why there is none: a tie, no majority, a contradiction. Empty when there is one."""
    answers: dict[str, Any] = Field(default_factory=dict)
    """What each member answered, in the members' order; those that could be used."""
    votes: tuple[Position, ...] = ()
    """The count, most votes first. Empty where nothing is voted on."""
    dissent: tuple[str, ...] = ()
    """Members who gave another answer than the one that stands."""
    conflicts: tuple[Contradiction, ...] = ()
    """Where the answers contradict each other, also what a rule or the writer resolved."""
    missing: dict[str, str] = Field(default_factory=dict)
    """Members without a usable answer, and why: failed, too late, not waited for."""
    partial: bool = False
    """Whether the answers of those who are missing could have changed the outcome."""

    @property
    def decided(self) -> bool:
        """Whether there is an answer."""
        return not self.undecided
