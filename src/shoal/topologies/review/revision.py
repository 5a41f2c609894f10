"""What passes between the one who makes an answer, those who check it and the one who settles it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shoal.runtime.codec import message
from shoal.topologies.wiring.carrying import Carrying, data_text


class Objection(BaseModel):
    """What somebody has against an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str
    """The checker's name in the team, or the name of the check."""
    why: str
    evidence: tuple[str, ...] = ()
    """The passages it rests on, where it gave any."""

    def __str__(self) -> str:
        shown = "".join(f" [{passage!r}]" for passage in self.evidence)
        return f"{self.by}: {self.why}{shown}"


@message("shoal.Revision")
class Revision(Carrying):
    """The task once more, for the one who answered it: with that answer, and what is wrong with it."""

    task: Any
    draft: Any
    """The answer that was not accepted."""
    objections: tuple[Objection, ...]
    round: int = Field(ge=2)
    """The one that begins; the task itself was round 1."""

    def __str__(self) -> str:
        return "\n".join(
            [
                f"Task: {data_text(self.task)}",
                f"Your answer in round {self.round - 1}: {data_text(self.draft)}",
                "It was not accepted, because:",
                *(f"- {objection}" for objection in self.objections),
                "Answer the task again, and mend that.",
            ]
        )


@message("shoal.Proposal")
class Proposal(Carrying):
    """An answer, for those who check it."""

    task: Any
    answer: Any
    criterion: str
    """What it is judged by."""
    round: int = 1

    def __str__(self) -> str:
        return f"Criterion: {self.criterion}\nTask: {data_text(self.task)}\nAnswer: {data_text(self.answer)}"


class Contested(Carrying):
    """One of the answers that were not accepted."""

    answer: Any
    objections: tuple[Objection, ...] = ()


@message("shoal.Dispute")
class Dispute(Carrying):
    """All that was proposed and objected, for the judge: the rounds are over and nothing was accepted."""

    task: Any
    drafts: tuple[Contested, ...]
    """In the order of the rounds; a :class:`Decision` counts them from 1."""

    def __str__(self) -> str:
        lines = [f"Task: {data_text(self.task)}"]
        for number, draft in enumerate(self.drafts, 1):
            lines.append(f"Draft {number}: {data_text(draft.answer)}")
            lines += [f"- {objection}" for objection in draft.objections]
        return "\n".join([*lines, "Which draft is the answer? 0, if none of them will do."])


@message("shoal.Decision")
class Decision(BaseModel):
    """What a judge says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    draft: int = Field(ge=0)
    """The number of the draft that is the answer, from 1; 0: none will do."""
    why: str = ""
