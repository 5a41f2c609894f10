"""What one run is to do. A plan is checked when it is made, and nothing is started before there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from shoal.experiments.file.spec import Experiment
from shoal.experiments.running.environment import Environment
from shoal.experiments.scoring.scorer import Scorer
from shoal.experiments.task import Task
from shoal.experiments.workload.messages import message_of
from shoal.topologies.wiring.signature import Signature
from shoal.topologies.wiring.topology import Topology

TEAM = "team"
"""The address of the team that does the workload."""


@dataclass(frozen=True)
class Plan:
    """A run that can be started, or gone on with."""

    experiment: Experiment
    run: str
    """Its name."""
    root: Path
    """Where its directory is, or will be."""
    address: str | None
    """What ``shoal.start`` is given; ``"local"``: this process alone."""
    topology: Topology
    tasks: list[Task]
    scorer: Scorer | None
    environment: Environment
    original: tuple[str, str] = ("", "")
    """Name in the run directory and text of the experiment file; empty where there is none."""
    spec: dict[str, Any] = field(default_factory=dict)
    """The experiment as data, for ``experiment.json``."""
    held: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the variables of the environment hold that the experiment names: it is not written down."""
    kind: type | None = None
    """Of which type the messages are, where the experiment says."""
    resume: bool = False
    """Whether the run is there."""
    retry_failed: bool = False

    @property
    def path(self) -> Path:
        """The run's directory."""
        return self.root / self.run

    @property
    def state_store(self) -> str:
        """The PostgreSQL in which durable state is kept; empty: files of the run."""
        return str(self.experiment.settings.get("state_store") or "")

    @cached_property
    def signature(self) -> Signature:
        """What the team accepts: its handlers are read once."""
        return self.topology.signature()

    def message(self, task: Task) -> Any:
        """What the team is asked. Raises :class:`BadWorkload`."""
        return message_of(task.input, self.signature, self.experiment.workload, kind=self.kind)
