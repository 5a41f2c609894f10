"""What the peers of a mesh say to one another, and what a task of it comes to."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shoal.runtime.codec import message

Reason = Literal["answered", "done", "until", "converged", "rounds", "turns"]
_COMPLETE = ("answered", "done", "until", "converged")


@message("shoal.Said")
class Said(BaseModel):
    """Something one peer says to another, on its way; the receiver's handler gets what is in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    """Which task of the team it belongs to."""
    path: tuple[str, ...] = ()
    """The peers it went through, who says it last; empty when the team's front does."""
    round: int = 1
    """Which round of the task."""
    total: int
    """Turns that the receiver, and whoever it speaks to, may take."""
    each: int
    """Turns of any one peer."""
    used: dict[str, int] = {}
    """How many of those a peer has taken."""
    tag: str
    body: bytes
    """What is said, as the codec has it."""


@message("shoal.Heard")
class Heard(BaseModel):
    """What comes back: the answer, and an account of what was said on the way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tag: str = "none"
    body: bytes = b"\xc0"
    """The answer."""
    failed: str = ""
    """Why there is none."""
    short: str = ""
    """Which limit of turns was met on the way."""
    cut: bool = False
    """Whether that is why there is no answer."""
    done: bool = False
    """Whether who answers says that the task is done."""
    turns: dict[str, int] = {}
    """Turns that were taken on the way, by peer; its own is not among them: who spoke to it counts that."""
    last: dict[str, str] = {}
    """What each peer said last, as text."""


@message("shoal.MeshResult")
class MeshResult(BaseModel):
    """What a task of a mesh came to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Reason
    """Why it ended. ``rounds`` and ``turns``: at a limit, not because it was done."""
    why: str
    """The same in words and figures."""
    answers: dict[str, Any]
    """What the peers that got the task answered last, by name: as plain data for who asked, as they are for the
    ``result`` function. One that a limit cut off has none."""
    last: dict[str, str]
    """The last thing that each peer said, as text."""
    turns: dict[str, int]
    """Turns taken, by peer."""
    rounds: int
    """Rounds that were begun."""
    artefact: Any = None
    """What is on the board for this task."""

    @property
    def complete(self) -> bool:
        """Whether it ended by itself; else it is what there was when a limit was met."""
        return self.reason in _COMPLETE
