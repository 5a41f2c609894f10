"""What a run may use in all, and how fast: the limits that are opened with it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from shoal.models.permits import Budget
from shoal.models.spec import Rates

RUN = "run"
"""The level that every call is charged to."""
_TEAM, _AGENT, _TASK = "team/", "agent/", "task/"


class LimitsSpec(BaseModel):
    """Budgets and rates. What is not named here has no limit, but for what a call's own levels declare."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: Budget = Budget()
    """Everything together."""
    teams: dict[str, Budget] = Field(default_factory=dict)
    """By a team's name."""
    agents: dict[str, Budget] = Field(default_factory=dict)
    """By an agent's address."""
    per_agent: Budget = Budget()
    """Of each agent that ``agents`` does not name."""
    per_task: Budget = Budget()
    """Of each task."""
    rates: dict[str, Rates] = Field(default_factory=dict)
    """By endpoint, or by the name of a model: then for each endpoint that has no entry of its own and serves it."""
    lease_s: float = Field(default=60.0, gt=0)
    """A process that holds permits and was not heard from for so long is dead: what they reserved is booked in full."""

    def budget_of(self, level: str) -> Budget | None:
        """What is declared here for a level."""
        if level == RUN:
            return self.run
        if level.startswith(_AGENT):
            return self.agents.get(level.removeprefix(_AGENT), self.per_agent)
        if level.startswith(_TEAM):
            return self.teams.get(level.removeprefix(_TEAM))
        return self.per_task if level.startswith(_TASK) else None

    def rates_of(self, endpoint: str, model: str) -> Rates:
        """What is declared here for an endpoint."""
        return self.rates.get(endpoint) or self.rates.get(model) or Rates()
