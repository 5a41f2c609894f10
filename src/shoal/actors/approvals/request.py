"""What a person is asked, and what the person said. Frozen models: the vocabulary of agents, file and command line."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class Kind(StrEnum):
    """What is asked."""

    TOOL = "tool"
    """Whether a tool, or another action, may be called with these arguments."""
    MESSAGE = "message"
    """Whether a message may go on to an agent."""
    INPUT = "input"
    """A question that needs an answer in words."""


class State(StrEnum):
    """How a request stands. All but ``pending`` are ends; only ``withdrawn`` can be left again, by asking again."""

    PENDING = "pending"
    APPROVED = "approved"
    EDITED = "edited"
    """Approved with another value."""
    ANSWERED = "answered"
    REJECTED = "rejected"
    EXPIRED = "expired"
    """Nobody decided in time: a refusal."""
    WITHDRAWN = "withdrawn"
    """Whoever asked gave up waiting."""


SHORT = 8
"""Digits of an id that are shown; any beginning that is the only one will do."""
GRANTED = frozenset({State.APPROVED, State.EDITED, State.ANSWERED})
"""After which the agent goes on."""


class Decision(BaseModel):
    """What a person said, who and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: State
    """``approved``, ``edited``, ``answered`` or ``rejected``."""
    by: str
    at: float
    """Seconds since 1970."""
    note: str = ""
    value: str | None = None
    """JSON: the edited value, or the answer."""


class Request(BaseModel):
    """Something that waits for a person, or waited."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Hex digits, derived from the message that the agent handles: handled again, it finds the same request."""
    kind: Kind
    agent: str
    """Address of the agent that waits; set by the runtime."""
    task: str | None = None
    title: str
    """What is to be done, or the question, in words."""
    subject: str = ""
    """The tool's name, or the message's tag."""
    value: str = "null"
    """JSON: the arguments or the payload as they are shown, secrets redacted."""
    reason: str = ""
    """Why the agent wants it."""
    created_at: float
    expires_at: float
    """When it is refused unless somebody has decided, whether or not the program runs."""
    waits_until: float | None = None
    """When the agent that waits gives up, for its asker's or its own limit's sake, if that is sooner."""
    waits_for: str = ""
    """Which limit that is: ``asker`` or ``handler``."""
    state: State = State.PENDING
    decision: Decision | None = None

    @property
    def data(self) -> Any:
        """The value as data."""
        return json.loads(self.value)

    @property
    def decided_data(self) -> Any:
        """The edited value or the answer, as data; ``None`` without one."""
        value = self.decision.value if self.decision is not None else None
        return None if value is None else json.loads(value)
