"""What is recorded of a model call, so that it is never paid for twice: the answer, and the account of it.

The record is an effect of the message that is handled (``ctx.once``), under a key of step and request. Whoever handles
the message again after a death gets the record. A call that failed for good is recorded as well: it may have cost
something, and asking once more would cost it again.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from shoal.models.calling.account import CallAccount
from shoal.models.chat import ChatResponse
from shoal.models.permits import Charge
from shoal.runtime.codec import message


@message("shoal.ModelCall")
class ModelCall(BaseModel):
    """One call of a model by an agent, with all its attempts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str
    role: str = ""
    """The agent's class, or the name it was given: agents of one kind share it."""
    task: str
    """The task it belongs to; where there is none, the first message of all that led to it."""
    outside: bool = False
    """Whether it belongs to no task."""
    sender: str
    """Whose message the agent was handling: with ``agent``, the edge it is charged to."""
    team: str = ""
    message: str = ""
    """That message's id, in hex digits."""
    step: int
    """Of its dialogue, from 1."""
    sample: int = 0
    """Which of several dialogues about one message."""
    at: float
    """Wall-clock second at which it had ended."""
    response: ChatResponse | None = None
    error: bytes | None = None
    """Of a call that failed."""
    accounts: tuple[CallAccount, ...] = ()
    """One for each model that was asked: what the call took is their sum."""
    lost: bool = False
    """Whether this is no record, but made of a charge that has none: its process died before it could write one."""

    @property
    def charges(self) -> Iterator[Charge]:
        """What it was charged, request by request."""
        return (charge for account in self.accounts for charge in account.charges)
