"""What travels between agents that wait for a person and the agent that keeps the requests."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from shoal.actors.approvals.request import Kind, Request
from shoal.runtime.codec import message

ADDRESS = "approvals"
"""Of the agent that keeps the requests, in every system that has opened them."""


@message("approvals.ask")
class Ask(BaseModel):
    """Find or make the request, and answer once it is decided, or its time is over.

    Whose it is and of which task, the one who answers knows from the envelope.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: Kind
    title: str
    subject: str
    value: str
    """JSON, not redacted yet."""
    reason: str
    timeout_s: float
    """How long it can be decided, from when it is made."""
    waits_until: float | None = None
    waits_for: str = ""


@message("approvals.closing")
class Closing(BaseModel):
    """The system is about to be shut down: who gives up from now on will come back."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@message("approvals.outcome")
class Outcome(BaseModel):
    """How a request stands, or why nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: Request | None = None
    error: bytes = b""
    """Packed, when the request could not be kept."""
    closing: bool = False
    """Whether the answer is early, for the system is being shut down."""
