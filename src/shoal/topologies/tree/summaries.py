"""What goes up in a hierarchy: summaries, with what is missing from them. Pure.

A branch answers a summary of its own kind, the contract of its level. One that is a :class:`BranchSummary` also says
which parts of the branch gave nothing, and what its members contradict each other in: the runtime fills that in, so no
agent can leave it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shoal.runtime.codec import message
from shoal.runtime.config import describe_invalid
from shoal.topologies.errors import SummaryInvalid
from shoal.topologies.tree.contradictions import Contradiction
from shoal.topologies.wiring.carrying import Carrying


class Gap(BaseModel):
    """A part of a hierarchy that gave nothing: what is said about the whole is said without it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    branch: str
    """Which, as a path from the team (``europe/berlin``)."""
    why: str
    """The error, as text."""

    def __str__(self) -> str:
        return f"{self.branch}: {self.why}"


class BranchSummary(BaseModel):
    """Base of summaries that are labelled: with gaps and contradictions, of this level and of those below."""

    gaps: tuple[Gap, ...] = ()
    """The runtime's. What is left out of the summary."""
    contradictions: tuple[Contradiction, ...] = ()
    """The runtime's. What is still said differently."""

    @property
    def partial(self) -> bool:
        """Whether something is left out."""
        return bool(self.gaps)


@message("shoal.HierarchyResult")
class HierarchyResult(BranchSummary):
    """What a branch answers that has nobody to summarize: all answers as they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answers: dict[str, Any]
    """By member, as plain data: a model is here with its fields, as a dict."""


@message("shoal.BranchReports")
class BranchReports(Carrying):
    """What the members of a branch answered: given to whoever summarizes.

    A subclass may say of which type they are (``answers: dict[str, Region]``); see :mod:`.carrying`.
    """

    task: Any = None
    """What the branch was asked."""
    answers: dict[str, Any] = Field(default_factory=dict)
    """By member, those that answered. One who did several parts is here as ``name``, ``name.2``, ``name.3``."""
    gaps: tuple[Gap, ...] = ()
    """Members that gave nothing, and parts of members. The runtime puts them into the summary by itself."""
    contradictions: tuple[Contradiction, ...] = ()
    """What the answers contradict each other in. These go into the summary by themselves, too."""

    def __str__(self) -> str:
        lines = [
            f"Task: {_text(self.task)}",
            *(f"{who}: {_text(said)}" for who, said in self.answers.items()),
        ]
        lines += [f"Missing: {gap}" for gap in self.gaps]
        lines += [f"Contradiction: {one}" for one in self.contradictions]
        return "\n".join(lines)


def gaps_below(answers: Mapping[str, Any]) -> list[Gap]:
    """The gaps in summaries of branches, as seen from the level above."""
    return [
        gap.model_copy(update={"branch": f"{who}/{gap.branch}"})
        for who, summary in answers.items()
        if isinstance(summary, BranchSummary)
        for gap in summary.gaps
    ]


def contradictions_below(answers: Mapping[str, Any]) -> list[Contradiction]:
    """The contradictions in summaries of branches, as seen from the level above."""
    return [
        one.model_copy(update={"at": f"{who}/{one.at}" if one.at else who})
        for who, summary in answers.items()
        if isinstance(summary, BranchSummary)
        for one in summary.contradictions
    ]


def as_summary(made: Any, kind: type[BaseModel] | None, who: str) -> Any:
    """What was made, as the summary that the level requires. Raises :class:`SummaryInvalid`."""
    if kind is None or isinstance(made, kind):
        return made
    if not isinstance(made, dict):
        raise SummaryInvalid(
            f"the summary of {who} has to be a {kind.__name__}, and a {type(made).__name__} was made",
            branch=who,
        )
    try:
        return kind.model_validate(made)
    except ValidationError as exc:
        raise SummaryInvalid(
            describe_invalid(f"the summary of {who}, a {kind.__name__},", exc), branch=who
        ) from exc


def labelled(summary: Any, gaps: Sequence[Gap], contradictions: Sequence[Contradiction]) -> Any:
    """The summary with its labels; what it already says itself stays, once."""
    if not isinstance(summary, BranchSummary):
        return summary
    return summary.model_copy(
        update={
            "gaps": _once([*gaps, *summary.gaps]),
            "contradictions": _once([*contradictions, *summary.contradictions]),
        }
    )


def _once(labels: Iterable[Any]) -> tuple[Any, ...]:
    found: list[Any] = []
    for label in labels:
        if label not in found:
            found.append(label)
    return tuple(found)


def _text(value: Any) -> str:
    return value.model_dump_json() if isinstance(value, BaseModel) else str(value)
