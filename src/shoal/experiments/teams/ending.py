"""``until:`` of a swarm: when a task is over."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from shoal.experiments.teams.strict import OneOf, Strict
from shoal.experiments.teams.words import Duration


class CountSpec(Strict):
    """How many keys under a prefix."""

    prefix: str
    """As finding/ or item/."""
    count: int = Field(ge=1)
    """So many."""


class NoImprovementSpec(Strict):
    """A figure that nobody betters any more."""

    prefix: str = "finding/"
    """Of the keys that have it."""
    field: str
    """Where it is in their values."""
    revisions: int = Field(ge=1)
    """In so many revisions."""
    goal: Literal["max", "min"] = "max"
    """Whether higher or lower is better."""
    by: float = Field(default=0.0, ge=0)
    """By how much it must be better to count."""


class QuiescenceSpec(Strict):
    """Nothing is going on."""

    quiet_s: float = Field(default=0.0, ge=0)
    """For so long."""
    from_start: bool = False
    """Also before there was any work."""


def _items_kind(value: Any) -> str:
    return "<count>" if isinstance(value, dict | CountSpec) else "<number>"


Items = Annotated[
    Annotated[Annotated[int, Field(ge=1)], Tag("<number>")] | Annotated[CountSpec, Tag("<count>")],
    Discriminator(_items_kind),
]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class EndingSpec(OneOf):
    """When a task is over: one of these."""

    items_done: Items | None = None
    """So many items are done: a number, or {prefix, count}."""
    findings: int | None = Field(default=None, ge=1)
    """So many findings."""
    count_reached: CountSpec | None = None
    """So many keys under a prefix."""
    no_improvement: NoImprovementSpec | None = None
    """A figure that nobody betters any more."""
    quiescence: QuiescenceSpec | None = None
    """Nothing is going on, and nothing can be taken up."""
    time_limit_s: Duration | None = None
    """So much time has passed."""
    all_of: list[EndingSpec] | None = None
    """All of these hold at the same moment."""
    any_of: list[EndingSpec] | None = None
    """One of these holds."""


Endings = Annotated[
    list[EndingSpec], BeforeValidator(_listed, json_schema_input_type=EndingSpec | list[EndingSpec])
]
