"""``topology: hierarchy`` and ``topology: branch``: a tree of supervisors and workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from shoal.experiments.teams.words import ImportPath, TypeName
from shoal.experiments.teams.wrapping import Wrapped

if TYPE_CHECKING:
    from shoal.experiments.teams.spec import ByLevel, Member, Members


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


PathByLevel = Annotated[list[ImportPath], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
Widths = Annotated[
    list[Annotated[int, Field(ge=1)]], BeforeValidator(_listed, json_schema_input_type=int | list[int])
]


class _Tree(Wrapped):
    """What branches and whole trees have in common."""

    agree_on: list[str] = Field(default=[])
    """Fields that answers must agree in."""
    contradictions: ImportPath | None = None
    """A function of the answers by member that returns contradictions."""
    on_contradiction: Literal["report", "ask_again", "fail"] = "report"
    """What is done about them."""
    need: int | None = None
    """How many parts must be done."""
    cut: float | None = 0.8
    """The share of the time left that the lowest members have; null: all are waited for."""
    parallel: int = 64
    """Parts at once."""
    accepts: TypeName | None = None
    """What it takes, where divide does not say."""


class BranchSpec(_Tree):
    """A branch of a hierarchy: a supervisor over members (``shoal.branch``)."""

    topology: Literal["branch"]
    """The pattern."""
    name: str = ""
    """What it is called in errors and logs; the member's name where nothing is said."""
    members: Members
    """Who is under it: agents, branches, or other teams; by name or as a list."""
    manager: Member | None = None
    """One agent that divides and summarizes."""
    divide: Member | None = None
    """Makes the parts of a task: a function by import path, or an agent."""
    summarize: Member | None = None
    """Makes the branch's answer: a function by import path, or an agent."""
    summary: ImportPath | None = None
    """The model that the answer has to be."""


class HierarchySpec(_Tree):
    """A tree of supervisors and workers (``shoal.hierarchy``): members and branches, or one worker, depth and width."""

    topology: Literal["hierarchy"]
    """The pattern."""
    members: Members | None = None
    """Who is under the top: agents, branches, or other teams; by name or as a list."""
    worker: Member | None = None
    """Who works at the bottom of a tree that is grown by depth and width."""
    depth: int | None = None
    """Levels of supervisors."""
    width: Widths | None = None
    """How many are under each: a number, or one for each level from the top."""
    manager: ByLevel | None = None
    """One agent that divides and summarizes; with depth also a list, one for each level from the top."""
    divide: ByLevel | None = None
    """Makes the parts of a task: a function by import path, or an agent; with depth also a list."""
    summarize: ByLevel | None = None
    """Makes the answer of each branch: a function by import path, or an agent; with depth also a list."""
    summary: PathByLevel | None = None
    """The model that an answer has to be; with depth also a list."""
