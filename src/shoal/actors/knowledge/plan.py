"""What a team of knowledge sources is to be, and how far it is: data that its controller is started with and keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from shoal.actors.knowledge.trigger import Trigger
from shoal.blackboard.activation import Activation
from shoal.blackboard.agenda import Choice, SourceStatistics
from shoal.blackboard.termination import Ended, Termination
from shoal.runtime.codec import message
from shoal.runtime.errors import ConfigError


@dataclass(frozen=True)
class SourcePlan:
    """One knowledge source, as its controller knows it."""

    address: str
    concurrency: int
    """Activations that it takes at once."""
    handler_timeout_s: float | None
    """Of its own; ``None``: the system's."""
    triggers: tuple[Trigger, ...]


@dataclass(frozen=True)
class Plan:
    """A team. Code in it (predicates, the choice) travels as agents do."""

    team: str
    """Its name: what it keeps is at ``control/<team>/``."""
    sources: Mapping[str, SourcePlan]
    region: str
    until: Termination | None
    choose: Choice
    concurrency: int = 1
    """Activations in progress at once, of all sources together."""
    budget: float | None = None
    max_activations: int | None = 10_000
    agenda: int = 1_000

    def check(self) -> None:
        """Raise ``ConfigError`` for figures that cannot be."""
        for name, least in (("concurrency", 1), ("agenda", 1), ("max_activations", 1)):
            value = getattr(self, name)
            if not (type(value) is int and value >= least) and not (
                name == "max_activations" and value is None
            ):
                raise ConfigError(
                    f"knowledge_sources: {name} is {value!r}; it must be a whole number from {least}"
                )
        budget = self.budget
        if budget is not None and not (type(budget) in (int, float) and 0 < budget < math.inf):
            raise ConfigError(
                f"knowledge_sources: budget is {budget!r}; it must be a positive number, or None"
            )
        if self.until is not None and not isinstance(self.until, Termination):
            raise ConfigError(
                f"knowledge_sources: until is {self.until!r}; give a condition such as shoal.Quiescence()"
            )
        if not callable(self.choose):
            raise ConfigError(
                f"knowledge_sources: choose is {self.choose!r}; give a function, or a shoal.Rating()"
            )

    @property
    def regions(self) -> tuple[str, ...]:
        """All that are watched, the team's own first."""
        others = [one.region for source in self.sources.values() for one in source.triggers]
        return tuple(dict.fromkeys([self.region, *others]))

    def trigger(self, source: str, name: str) -> Trigger | None:
        """One of its triggers; ``None``: there is none of that name (any more)."""
        known = self.sources.get(source)
        triggers = () if known is None else known.triggers
        return next((one for one in triggers if one.name == name), None)


@message("shoal.control_position")
class Position(BaseModel):
    """How far a team is: an entry of its board, written together with the agenda."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nonce: str
    """Of this team in this region's life: goes into the ids of what its sources are asked."""
    began_at: float
    """Wall-clock second."""
    cursors: dict[str, int]
    """The revision of each region up to which changes are on the agenda, or made nobody eligible."""
    reading: list[str] = []
    """Regions of which not all entries are on the agenda yet that were there when they were read."""
    begun: int = 0
    spent: float = 0.0
    sources: dict[str, SourceStatistics] = {}
    triggers: dict[str, int] = {}
    """Activations that were begun, by trigger."""
    condition: str = ""
    """Until when."""
    check: Any = None
    """What the condition's check remembers."""


@message("shoal.await_end")
class AwaitEnd(BaseModel):
    """Ask a controller: whether its team has ended; it waits so long for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wait_s: float


@message("shoal.team_end")
class TeamEnd(BaseModel):
    """Its answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ended: Ended | None
    certain: bool
    """Whether it is sure to end some day."""
    progress: str
    """How far it is."""


@message("shoal.look_at_agenda")
class LookAtAgenda(BaseModel):
    """Ask a controller: what is on its agenda."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@message("shoal.agenda_state")
class AgendaState(BaseModel):
    """Its answer: what waits, what is being done, and what was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    revision: int
    """Of the team's region, up to which changes were considered."""
    waiting: tuple[Activation, ...]
    running: tuple[Activation, ...]
    begun: int
    spent: float
    sources: dict[str, SourceStatistics]
    ended: Ended | None


@message("shoal.controller_broke")
class ControllerBroke(BaseModel):
    """A controller to itself: its loop ended with an error, and so must it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
