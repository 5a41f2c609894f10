"""``topology: mesh``: peers that speak to one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from shoal.experiments.teams.strict import Strict
from shoal.experiments.teams.words import Duration, ImportPath, Names
from shoal.experiments.teams.wrapping import Wrapped

if TYPE_CHECKING:
    from shoal.experiments.teams.spec import Members


class BreakerSpec(Strict):
    """When a channel is left alone."""

    failures: int = Field(default=5, ge=1)
    """So many within ``within_s``."""
    within_s: Duration = 120.0
    """Seconds."""
    open_s: Duration = 30.0
    """After that one message probes whether it is well again."""


def _channels_kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "<word>"
    return "<pairs>" if isinstance(value, list) else None


Pair = Annotated[list[str], Field(min_length=2, max_length=2)]
Channels = Annotated[
    Annotated[Literal["full", "ring", "small_world"], Tag("<word>")] | Annotated[list[Pair], Tag("<pairs>")],
    Discriminator(
        _channels_kind,
        custom_error_type="channels",
        custom_error_message="it is expected to be full, ring, small_world, or pairs [[from, to], ...]",
    ),
]


class MeshSpec(Wrapped):
    """Peers that speak to one another directly (``shoal.mesh``)."""

    topology: Literal["mesh"]
    """The pattern."""
    peers: Members
    """Who there is, by name or as a list; those that are shoal:Peer speak, others answer."""
    channels: Channels = "full"
    """Who may speak to whom."""
    first: Names | None = None
    """Who is given a task: one, several, or all; the first peer where nothing is said."""
    turns: int = 64
    """Messages said in one task, at most."""
    turns_each: int = 24
    """Of those, to one peer."""
    most_hops: int = 8
    """Peers a message may go through."""
    most_visits: int = 1
    """How often through the same one."""
    rounds: int = 1
    """Rounds of one task, at most."""
    again: ImportPath | None = None
    """(task, answers) makes what is asked in the next round."""
    until: ImportPath | None = None
    """A function of the answers that says whether it is over."""
    unchanged: int | None = 2
    """It is over when answers are the same for so many rounds; null: never."""
    board: str | None = None
    """The region of the blackboard that has the task's artefact."""
    breaker: BreakerSpec | None = BreakerSpec()
    """When a channel is left alone; null: never."""
    result: ImportPath | None = None
    """A function that makes the answer of a shoal:MeshResult."""
    near: int = 4
    """Neighbours of each in a small world."""
    astray: float = 0.1
    """The share of far ones among them."""
    seed: int = 0
    """Of the small world."""
