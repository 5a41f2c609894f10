"""What became of a task of an experiment: a line of ``results.jsonl``. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

SCORER_FAILED = "ScorerFailed"
"""The error of a result whose answer could not be judged; see ``scoring.errors``."""


class State(StrEnum):
    """How a task ended. Every task of a run is in one of these states in its results."""

    DONE = "done"
    PARTIAL = "partial"
    """There is an answer, which says itself that a part of it is missing."""
    FAILED = "failed"
    """It has no answer; ``error`` says why."""
    NOT_STARTED = "not_started"
    """The budget was used up, or the run was stopped, before it was begun."""


class Result(BaseModel):
    """A task's outcome, and what it took."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    case: str
    repeat: int = 1
    state: State
    output: Any = None
    """The answer, as JSON."""
    output_type: str = ""
    """The tag of the answer's model."""
    expected: Any = None
    score: float | None = None
    """From 0 (wrong) to 1 (right); ``None``: nothing to judge it by. One that failed has 0 where others are judged."""
    error: str = ""
    """The class of the error; empty when there is none."""
    error_text: str = ""
    attempts: int = 0
    """How often it was submitted."""
    calls: int = 0
    """Requests to models, those that failed included."""
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    priced: bool = True
    """Whether all prices are known; else ``usd`` is too low."""
    submitted_at: float | None = None
    """Seconds since 1970."""
    ended_at: float | None = None
    took_s: float | None = None
    """From its first submission to its end; a run that was resumed in between has the pause in it."""
    path: tuple[str, ...] = ()
    """The agents that handled messages of it, in the order of their first; empty where messages are not journaled."""
    messages: int = 0
    """How many messages it took; 0 where they are not journaled."""

    @property
    def tokens(self) -> int:
        """Input and output."""
        return self.input_tokens + self.output_tokens

    @property
    def scorer_failed(self) -> bool:
        """Whether it has an answer and no score because the scorer failed."""
        return self.state is not State.FAILED and self.error == SCORER_FAILED

    @property
    def ended(self) -> bool:
        """Whether it needs no more work, whatever it came to. One that the run's budget cut while it was under way has
        failed only for now: a run that is resumed with a larger one goes on with it."""
        return self.ended_at is not None
