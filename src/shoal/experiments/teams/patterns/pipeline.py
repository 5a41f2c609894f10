"""``topology: pipeline``: stages in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from shoal.experiments.teams.strict import Strict
from shoal.experiments.teams.words import ImportPath
from shoal.experiments.teams.wrapping import Wrapped

if TYPE_CHECKING:
    from shoal.experiments.teams.spec import Members


class GateSpec(Strict):
    """What is checked after a stage, and what is done about what does not pass (``shoal.gate``)."""

    check: ImportPath
    """Takes the stage's answer; false, a text or an exception refuse it."""
    repair: ImportPath | None = None
    """(answer, why) makes a better one of it."""
    back_to: str | None = None
    """The stage, this one or an earlier one, that does its work again."""
    most: int = 2
    """How often, for one item."""


def _gate(value: Any) -> Any:
    return {"check": value} if isinstance(value, str) else value


def _replicas_kind(value: Any) -> str:
    return "<by stage>" if isinstance(value, dict) else "<number>"


Gate = Annotated[GateSpec, BeforeValidator(_gate, json_schema_input_type=GateSpec | str)]
Several = Annotated[
    Annotated[Annotated[int, Field(ge=1)], Tag("<number>")]
    | Annotated[dict[str, Annotated[int, Field(ge=1)]], Tag("<by stage>")],
    Discriminator(_replicas_kind),
]


class PipelineSpec(Wrapped):
    """Stages in order: what one answers, the next is given (``shoal.pipeline``)."""

    topology: Literal["pipeline"]
    """The pattern."""
    stages: Members
    """The stages in order, by name or as a list."""
    gates: dict[str, Gate] = Field(default={})
    """By stage: a check of its answer, or {check, repair, back_to, most}."""
    skip: dict[str, ImportPath] = Field(default={})
    """By stage: a function of the item that says whether to pass it by."""
    replicas: Several | None = None  # type: ignore[assignment]
    """By stage, how many of it there are; a number alone: so many of the whole pipeline."""
    parallel: dict[str, int] = Field(default={})
    """By stage, how many items are in it at once, at most."""
    ordered: bool = False
    """Items leave each stage in the order in which they came."""
