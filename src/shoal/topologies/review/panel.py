"""A review: what checks and checkers have to say about an answer, and whether it is accepted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shoal.actors.llm.validators import Verdict
from shoal.topologies.review.evidence import Demand, lacking_evidence
from shoal.topologies.review.revision import Objection


@dataclass(frozen=True)
class Review:
    """Of one answer."""

    objections: tuple[Objection, ...]
    """Of the checks, then of the checkers, in their order."""
    agreed: tuple[str, ...] = ()
    """The checkers that found it good, with evidence."""
    failed: Mapping[str, Exception] = field(default_factory=dict)
    """The checkers that gave no verdict."""
    checks_failed: bool = False
    needed: int = 0

    @property
    def accepted(self) -> bool:
        """Every check passed, and enough checkers agree."""
        return not self.checks_failed and len(self.agreed) >= self.needed

    @property
    def disagreements(self) -> tuple[str, ...]:
        """The checkers that found good what a check refused: they are wrong."""
        return self.agreed if self.checks_failed else ()

    @property
    def undecided(self) -> Exception | None:
        """The error of a checker, where nobody objects and only verdicts are lacking: another draft would not help."""
        return None if self.accepted or self.objections else next(iter(self.failed.values()), None)


def review_of(
    checks: Sequence[Objection],
    verdicts: Mapping[str, Any],
    needed: int,
    demand: Demand,
    task: Any,
    answer: Any,
) -> Review:
    """The review that failed checks and verdicts (or the errors of checkers) by name amount to."""
    objections, agreed = list(checks), []
    failed = {name: verdict for name, verdict in verdicts.items() if isinstance(verdict, Exception)}
    for name, verdict in verdicts.items():
        if name in failed:
            continue
        objection = _objection(name, verdict, demand, task, answer)
        if objection is None:
            agreed.append(name)
        else:
            objections.append(objection)
    return Review(tuple(objections), tuple(agreed), failed, bool(checks), needed)


def _objection(name: str, verdict: Any, demand: Demand, task: Any, answer: Any) -> Objection | None:
    if not isinstance(verdict, Verdict):
        return Objection(by=name, why=f"it answered {type(verdict).__name__}, not a Verdict")
    evidence = tuple(verdict.evidence)
    if not verdict.good:
        return Objection(by=name, why=verdict.why or "it gave no reason", evidence=evidence)
    lacking = lacking_evidence(demand, evidence, task, answer)
    return Objection(by=name, why=f"it agreed, but {lacking}", evidence=evidence) if lacking else None
