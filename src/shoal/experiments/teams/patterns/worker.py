"""``topology: worker``: an orchestrator and workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from shoal.experiments.teams.aggregates import By
from shoal.experiments.teams.routing import Routing
from shoal.experiments.teams.strict import Strict
from shoal.experiments.teams.words import FlagOrType, ImportPath, TypeName
from shoal.experiments.teams.wrapping import Wrapped

if TYPE_CHECKING:
    from shoal.experiments.teams.spec import Member, Members


class OrchestratorSpec(Strict):
    """Who gives tasks to the workers."""

    use: ImportPath | None = None
    """A router of one's own: a callable (message, workers) -> name, or a class of it; shoal:Router is the usual one."""
    by: Routing | None = None
    """How it chooses: round_robin, least_loaded, capability, bandit, {field: name}, {capability: ...} or {bandit: ...}
    (its parts as of ``router``)."""


class ClassifySpec(Strict):
    """How it is found out what kind of task a message is (``shoal.Classify``)."""

    rule: ImportPath | None = None
    """A function of the message that returns (label, confidence), a label, or nothing."""
    model: Member | None = None
    """Who is asked when the rule is not sure; answers shoal:Classified, or a text."""
    threshold: float = Field(default=0.85, ge=0, le=1)
    """Below it the rule is not sure."""
    model_threshold: float = Field(default=0.5, ge=0, le=1)
    """Below it the model is not believed."""
    labels: list[str] | None = None
    """All that there are, where neither the rule nor the model says so."""


class WorkerSpec(Wrapped):
    """An orchestrator routes each message to a worker, or divides it among several (``shoal.worker``)."""

    topology: Literal["worker"]
    """The pattern."""
    workers: Members
    """Who does the work, by name or as a list."""
    orchestrator: OrchestratorSpec | None = None
    """Who gives tasks to the workers: {use, by}; the short form is ``router``."""
    router: Routing | None = None
    """Who is chosen: round_robin, least_loaded (the default), capability, bandit, {field: name}, a function, ..."""
    classify: ClassifySpec | None = None
    """How it is found out what a message is about; only workers of that name or capability are then chosen from."""
    split: Member | None = None
    """Makes subtasks of a message: a function by import path, or an agent."""
    merge: By | None = None
    """Makes one answer of those to the subtasks."""
    fallback: str | None = None
    """The worker for messages that nobody is chosen for."""
    parallel: int = 64
    """Subtasks of one message at once."""
    max_subtasks: int = 256
    """More are refused."""
    partial: FlagOrType = False
    """A subtask that fails does not fail the task; the answer says what is missing."""
    accepts: TypeName | None = None
    """The type that split takes, where its annotation does not say."""
    orchestrators: int = 1
    """So many lead the team behind its one address."""
    record_choices: bool = False
    """A task that is led again after a death goes to the same worker."""
