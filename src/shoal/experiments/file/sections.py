"""Budgets, limits and output of an experiment, as they are written."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from shoal.experiments.teams.budgets import BudgetSpec
from shoal.experiments.teams.strict import Strict
from shoal.experiments.teams.words import Count
from shoal.models.spec import Rates


class BudgetSection(BudgetSpec):
    """What the run may use in all, for each team that is compared; with what teams, agents and tasks may."""

    per_task: BudgetSpec = BudgetSpec()
    """What each task may use."""
    per_agent: BudgetSpec = BudgetSpec()
    """What each agent may use that `agents` does not name."""
    teams: dict[str, BudgetSpec] = Field(default_factory=dict)
    """What teams within the team may use, by address: team/reviewers."""
    agents: dict[str, BudgetSpec] = Field(default_factory=dict)
    """What single agents may use, by address: team/reviewers/first."""


class RatesSpec(Strict):
    """How fast models are asked, by everybody together; what is missing is not limited."""

    rpm: Count | None = None
    """Requests a minute."""
    tpm: Count | None = None
    """Tokens a minute: input, and the most that the output may be."""
    concurrency: Count | None = None
    """Calls at one time."""

    def rates(self) -> Rates:
        """As the runtime takes it."""
        return Rates(rpm=self.rpm, tpm=self.tpm, concurrency=self.concurrency)


class LimitsSection(RatesSpec):
    """How fast each model is asked; those of a model by name go before those of all."""

    models: dict[str, RatesSpec] = Field(default_factory=dict)
    """By the names that the models have under `models`."""


class OutputSpec(Strict):
    """Run directories, what is recorded in them, and where traces are sent."""

    runs: str | None = None
    """The folder of run directories. Nothing: SHOAL_RUNS, else .shoal/runs where the command is given."""
    journal: Literal["messages", "tasks"] = "messages"
    """messages: each handled message, for trace, why and replay. tasks: only tasks and what happened to agents."""
    otlp: str | None = None
    """A collector of OpenTelemetry that traces are sent to, as http://127.0.0.1:4318."""

    @field_validator("otlp")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None and (
            urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname
        ):
            raise ValueError(f"found {value!r}; expected an address such as http://127.0.0.1:4318")
        return value
