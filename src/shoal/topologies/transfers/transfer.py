"""What passes when one agent hands a task over to another."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from shoal.runtime.codec import message
from shoal.topologies.wiring.carrying import Carrying, data_text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("a hand-over has to say it; it is blank")
    return text


@message("shoal.Transfer")
class Transfer(Carrying):
    """An agent's answer that says: somebody else has to do this. A subclass can name the type of ``payload``, and as
    ``Literal`` in ``to`` those to whom it may go."""

    to: str
    """The name of the agent in the team."""
    goal: str
    """What is wanted: of the task, what is left to do."""
    reason: str
    """Why it is handed over."""
    tried: tuple[str, ...] = ()
    """What was done already."""
    state: str = ""
    """How far it is, in words."""
    payload: Any = None
    """What the next one needs, as data."""

    _blank = field_validator("goal", "reason")(_said)


class Passed(BaseModel):
    """One hand-over, as it happened."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str
    to: str
    reason: str
    note: str = ""
    """Why it went to the default agent, and not where ``by`` wanted."""
    last: bool = False
    """Whether a limit sent it to the default agent, which is the last that it can go to."""


@message("shoal.Handed")
class Handed(Carrying):
    """What an agent gets that a task is handed over to. A subclass can name the types of ``task`` and ``payload``."""

    task: Any
    """The message that the team was asked."""
    goal: str
    reason: str
    tried: tuple[str, ...] = ()
    state: str = ""
    payload: Any = None
    path: tuple[Passed, ...] = ()
    """All hand-overs of the task so far, this one last."""

    _blank = field_validator("goal", "reason")(_said)

    def __str__(self) -> str:
        lines = [f"Task: {data_text(self.task)}", f"Goal: {self.goal}", f"Handed over because: {self.reason}"]
        lines += [f"Tried already: {tried}" for tried in self.tried]
        lines += [f"State: {self.state}"] if self.state else []
        lines += [f"Payload: {data_text(self.payload)}"] if self.payload is not None else []
        lines += [f"{one.by} handed it to {one.to}: {one.reason}" for one in self.path[:-1]]
        return "\n".join(lines)


@message("shoal.HandoffRecord")
class HandoffRecord(Carrying):
    """An answer and the way to it."""

    answer: Any
    """As plain data; a subclass can name the type."""
    by: str
    """Who gave it."""
    path: tuple[Passed, ...] = ()
