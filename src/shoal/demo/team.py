"""The audit's team as a topology: reviewers and checkers in a pipeline, led and gathered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from shoal.demo.agents import Aggregator, Checker, Lead, Reviewer
from shoal.runtime.ref import Ref
from shoal.runtime.system import System
from shoal.topologies.pipeline import pipeline
from shoal.topologies.worker import worker


@dataclass(frozen=True)
class AuditTeam:
    """The running team."""

    lead: Ref
    aggregator: Ref
    agents: list[str]


async def build_audit_team(system: System, *, reviewers: int, checkers: int) -> AuditTeam:
    """Start the team; raises ``ConfigError`` or ``SpawnError``."""
    line_of_work: Any = pipeline(
        review=worker([Reviewer() for _ in range(reviewers)]),
        check=worker([Checker() for _ in range(checkers)]),
    )
    line, aggregator = await asyncio.gather(
        system.build(line_of_work, name="audit"),
        system.spawn(Aggregator, name="aggregator"),
    )
    check = line.members["check"]
    lead = await system.spawn(Lead(Ref(line.address), Ref(check.address)), name="lead")
    return AuditTeam(lead, aggregator, [lead.address, *line.agents, aggregator.address])
