"""Where on a cluster an agent's process is put, and what it is given: data, the same for every incarnation."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Place(BaseModel):
    """What an agent's process needs of its node. What is not said is not reserved: agents wait most of the time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpus: float = Field(default=0.0, ge=0)
    """Cores that Ray counts as taken."""
    gpus: float = Field(default=0.0, ge=0)
    """GPUs, parts of one too; the process sees those only."""
    memory: int | None = Field(default=None, ge=1)
    """Bytes that Ray counts as taken."""
    resources: dict[str, float] = Field(default_factory=dict)
    """Ray's custom resources, as nodes were started with (``ray start --resources``)."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Labels that the node must have (``ray start --labels``)."""

    @field_validator("resources")
    @classmethod
    def _positive(cls, resources: dict[str, float]) -> dict[str, float]:
        for name, amount in resources.items():
            if amount < 0:
                raise ValueError(f"{name} is {amount}: it cannot be negative")
            if name in ("CPU", "GPU", "memory"):
                raise ValueError(f"{name} has a field of its own: say cpus, gpus or memory")
        return resources

    @property
    def plain(self) -> bool:
        """Whether any node and any process will do."""
        return self == PLAIN

    def options(self) -> dict[str, Any]:
        """As Ray's options of an actor."""
        options: dict[str, Any] = {"num_cpus": self.cpus}
        if self.gpus:
            options["num_gpus"] = self.gpus
        if self.memory is not None:
            options["memory"] = self.memory
        if self.resources:
            options["resources"] = dict(self.resources)
        if self.labels:
            options["label_selector"] = dict(self.labels)
        return options

    def __str__(self) -> str:
        parts = [f"{value:g} {name}" for name, value in (("CPUs", self.cpus), ("GPUs", self.gpus)) if value]
        if self.memory is not None:
            parts.append(f"{self.memory:,} bytes of memory")
        parts += [f"{amount:g} {name}" for name, amount in self.resources.items()]
        parts += [f"a node labelled {key}={value}" for key, value in self.labels.items()]
        return ", ".join(parts) or "nothing of its own"


PLAIN = Place()


def place_of(places: Mapping[str, Place], address: str) -> Place:
    """The place of an agent: of the first entry that names its address, then the last part of it, then a pattern."""
    last = address.rpartition("/")[2]
    for name in (address, last):
        if name in places:
            return places[name]
    for pattern, place in places.items():
        if fnmatchcase(address, pattern) or fnmatchcase(last, pattern):
            return place
    return PLAIN
