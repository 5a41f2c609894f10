"""k of n: the same question several times, and the answer that enough of them agree on. Pure.

Self-consistency (Wang et al. 2022, arXiv 2203.11171), with a quorum in place of the most frequent answer: when no
answer has it, that is said, and nobody's answer is given.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shoal.actors.llm.errors import AnswerRefused


class Votes(BaseModel):
    """How many times a question is asked, and how many answers must be the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    of: int = Field(ge=2, le=100)
    """Times it is asked."""
    needed: int = Field(ge=1)
    """Answers that must be equal."""
    by: str = ""
    """The field of the answer that is compared; empty: all of it."""

    @model_validator(mode="after")
    def _possible(self) -> Votes:
        if self.needed > self.of:
            raise ValueError(f"needed is {self.needed}, but the question is asked {self.of} times")
        return self

    def ballot(self, answer: Any) -> str:
        """What of an answer is compared, as text."""
        if isinstance(answer, BaseModel):
            answer = answer.model_dump(mode="json")
        if self.by and isinstance(answer, dict):
            answer = answer.get(self.by)
        if isinstance(answer, str):
            return " ".join(answer.casefold().split())
        return json.dumps(answer, sort_keys=True, default=str)

    def count(self, answers: Sequence[Any], failures: Sequence[str] = ()) -> Any:
        """The answer that has enough votes: the first one given of those that are equal.

        Raises :class:`AnswerRefused` with the result of the vote when none has.
        """
        ballots = [self.ballot(answer) for answer in answers]
        for ballot, times in Counter(ballots).most_common(1):
            if times >= self.needed:
                return answers[ballots.index(ballot)]
        votes = dict(Counter(ballots).most_common())
        raise AnswerRefused(
            f"no answer was given {self.needed} times in {self.of}: the votes were {votes}"
            + (f", and {len(failures)} failed: {failures[0]}" if failures else ""),
            votes=votes,
        )
