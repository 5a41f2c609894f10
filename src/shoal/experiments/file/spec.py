"""An experiment: a workload, under one team or several, with all that decides what it comes to.

The same model is what an experiment file holds and what a program builds::

    experiment = shoal.Experiment(
        name="triage", workload={"tasks": "tickets.jsonl", "answer": "label"}, team=shoal.single(Keyword())
    )

In a program ``team`` may be an agent or a topology, and ``workload`` any iterable of cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from shoal.experiments.file.cluster_spec import ClusterSpec
from shoal.experiments.file.finite import endless_number
from shoal.experiments.file.places import dotted
from shoal.experiments.file.sections import BudgetSection, LimitsSection, OutputSpec
from shoal.experiments.file.settings_field import SettingsField
from shoal.experiments.file.team_field import BaselineField, TeamField
from shoal.experiments.scoring.spec import ScorerSpec
from shoal.experiments.teams.words import Count, Duration
from shoal.experiments.workload.spec import WorkloadSpec
from shoal.models.spec import Model
from shoal.runtime.errors import ConfigError
from shoal.runtime.journal.run_directory import check_run_id
from shoal.runtime.ref import check_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shoal.experiments.file.loaded import Loaded


class Experiment(BaseModel):
    """A workload under one team or several, with budgets, limits, repeats and where it runs."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    """What it is called; the names of its runs begin with it. Letters, digits and _ . -"""
    description: str = ""
    """What it is for, for people."""
    workload: WorkloadSpec
    """What is done: a file, a folder, a list, or the fields of a workload."""
    models: dict[str, Model] = Field(default_factory=dict)
    """Language models by the names that agents use; `default` is what agents use that name none."""
    team: TeamField | None = None
    """The team that does it. Or `teams`, for several that are compared."""
    teams: dict[str, TeamField] = Field(default_factory=dict)
    """Several teams by name, each of which does all of the workload."""
    baseline: BaselineField = "auto"
    """What teams are compared with. auto: a single agent made of the team's own; none: nothing; or a team."""
    score: ScorerSpec | None = None
    """What judges the answers. Without it: whether they are the expected ones, where the workload has `answer`."""
    budget: BudgetSection = BudgetSection()
    """What may be used: tokens, usd, calls, steps, wall; also per_task, per_agent, teams, agents."""
    limits: LimitsSection = LimitsSection()
    """How fast models are asked: rpm, tpm, concurrency, of each model or by its name."""
    repeats: Annotated[int, Field(strict=True, ge=1, le=1000)] = 1
    """How often each case is done: answers of models vary."""
    concurrency: Count = Field(default=64, description="How many tasks are in progress at one time.")
    timeout_s: Duration = Field(
        default=300.0, description="How long one attempt at a task may take: seconds, or 90s, 5m, 1h."
    )
    attempts: Annotated[int, Field(strict=True, ge=1, le=100)] = 3
    """How often a task is tried when the agent that does it dies."""
    seed: Annotated[int, Field(strict=True)] = 0
    """What samples and orders are drawn with."""
    cluster: ClusterSpec = ClusterSpec()
    """Where it runs: address, placement, what roles need."""
    output: OutputSpec = OutputSpec()
    """What is written down, and where."""
    settings: SettingsField = Field(default_factory=dict)
    """Further settings of the system, as mailbox or handler_timeout_s."""

    if TYPE_CHECKING:

        def __init__(self, *, name: str, workload: Any, **sections: Any) -> None:
            """A program gives what can become a section: a path, a list of cases, an agent, a dict. Raises
            ``BadExperiment`` with all that is wrong with it."""
    else:

        def __init__(self, **sections: Any) -> None:
            try:
                super().__init__(**sections)
            except ValidationError as exc:
                from shoal.experiments.file.validating import refused  # noqa: PLC0415 - it is made of this

                raise refused(exc, sections) from exc

        # What is read from a file is validated as it is, not as a program's sections: Pydantic calls an __init__ of a
        # model's own else, which makes all of it lax.
        __init__.__pydantic_base_init__ = True

    @model_validator(mode="before")
    @classmethod
    def _empty_sections(cls, value: Any) -> Any:
        """A section that holds nothing, all of it being commented out, is not there."""
        if not isinstance(value, dict):
            return value
        if (endless := endless_number(value)) is not None:
            path, found = endless
            said = "found {found}; expected a finite number"
            raise PydanticCustomError("finite", said, {"found": str(found), "key": dotted(path)})
        return {key: one for key, one in value.items() if one is not None}

    @field_validator("name")
    @classmethod
    def _names_runs(cls, value: str) -> str:
        if len(value) > 80:
            raise ValueError("it is over 80 characters")
        return _checked(check_run_id, value)

    @field_validator("teams", "models")
    @classmethod
    def _names_agents(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            _checked(check_name, name)
        return value

    @model_validator(mode="after")
    def _one_or_several(self) -> Experiment:
        if self.team is not None and self.teams:
            raise PydanticCustomError(
                "one_of", "`team` and `teams` are both there; give one of them", {"key": "teams"}
            )
        if self.team is None and not self.teams:
            raise PydanticCustomError("one_of", "there is no team; give `team`, or several under `teams`")
        if unknown := [name for name in self.limits.models if name not in self.models]:
            known = ", ".join(self.models) or "none"
            raise PydanticCustomError(
                "model_unknown",
                "limits.models names {unknown}, which is no model here; there are: {known}",
                {"unknown": repr(unknown[0]), "known": known, "key": f"limits.models.{unknown[0]}"},
            )
        return self

    @property
    def every_team(self) -> dict[str, Any]:
        """The teams by name; one alone is called ``team``."""
        return dict(self.teams) if self.teams else {"team": self.team}

    @classmethod
    def from_file(cls, path: str | Path, overrides: Sequence[str] = ()) -> Loaded:
        """The experiment of a file, with overrides as ``budget.usd=0.5``. Raises ``BadExperiment``."""
        from shoal.experiments.file.loading import load  # noqa: PLC0415 - it is made of this

        return load(path, overrides)


def _checked(check: Any, name: str) -> str:
    try:
        return str(check(name))
    except ConfigError as exc:
        raise ValueError(exc.text) from None
