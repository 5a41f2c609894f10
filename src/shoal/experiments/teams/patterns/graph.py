"""``topology: graph``: nodes and the edges between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from shoal.experiments.teams.strict import Strict
from shoal.experiments.teams.words import ImportPath, Names, Take
from shoal.experiments.teams.wrapping import Wrapped

if TYPE_CHECKING:
    from shoal.experiments.teams.spec import Member


class WaySpec(Strict):
    """From a node or join to another, or to several at once."""

    model_config = ConfigDict(populate_by_name=True)

    sender: str = Field(alias="from")
    """The node or join it comes from."""
    receivers: Names = Field(alias="to", min_length=1)
    """Where it leads: one, or several at once."""
    when: ImportPath | None = None
    """A function of the answer that says whether, or a type of answer."""
    otherwise: bool = False
    """Taken when no other edge of the node holds."""


def _need_kind(value: Any) -> str:
    return "<word>" if isinstance(value, str) else "<number>"


Need = Annotated[
    Annotated[Literal["all", "any"], Tag("<word>")] | Annotated[int, Tag("<number>")],
    Discriminator(_need_kind),
]


class JoinSpec(Strict):
    """Where branches come together."""

    of: list[str]
    """The nodes it waits for."""
    need: Need = "all"
    """all of the branches that were taken, any one, or a number."""
    by: ImportPath | None = None
    """A function of the answers by node that makes one of them."""


class VisitsSpec(Strict):
    """How often one message may come to a node on its way."""

    most: int = Field(ge=1)
    """So often."""
    then: str | None = None
    """Where a further visit goes; an error where nothing is said."""


class GraphSpec(Wrapped):
    """Nodes and the edges between them, drawn by hand (``shoal.graph``)."""

    topology: Literal["graph"]
    """The pattern."""
    nodes: dict[str, Member]
    """Agents or teams by name."""
    edges: list[WaySpec] = Field(default=[])
    """{from, to, when} in the order in which they are looked at; or {from, to, otherwise: true}."""
    joins: dict[str, JoinSpec] = Field(default={})
    """By name: {of, need, by}."""
    begin: str | None = None
    """The node that gets the task; the first where nothing is said."""
    end: Names = Field(default=[])
    """Nodes or joins whose answer is the result."""
    visits: dict[str, VisitsSpec] = Field(default={})
    """By node: {most, then}. A cycle needs one."""
    take: dict[str, Take] = Field(default={})
    """By node: the first of its edges that holds, or all that do."""
    most_steps: int = 100
    """Asks in one task."""
