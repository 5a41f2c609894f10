"""What stands under ``team:``, ``teams:`` and for each member in an experiment file, as strict models.

A member is ``"module:name"`` or ``{use: ...}`` (Python), ``{llm: {...}}`` (a language model), or ``{topology: ...}``
(a team of members again). Where an error of Pydantic has parts in angle brackets in its place, they are kinds of
things and no keys: :func:`place_of` leaves them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Discriminator, Tag
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from shoal.experiments.teams.aggregates import AggregateSpec
from shoal.experiments.teams.llm import LLMMember
from shoal.experiments.teams.patterns.debate import DebateSpec
from shoal.experiments.teams.patterns.fan_out import FanOutSpec
from shoal.experiments.teams.patterns.graph import GraphSpec
from shoal.experiments.teams.patterns.handoff import HandoffSpec
from shoal.experiments.teams.patterns.hierarchy import BranchSpec, HierarchySpec
from shoal.experiments.teams.patterns.mesh import MeshSpec
from shoal.experiments.teams.patterns.pipeline import PipelineSpec
from shoal.experiments.teams.patterns.single import SingleSpec
from shoal.experiments.teams.patterns.swarm import SwarmSpec
from shoal.experiments.teams.patterns.worker import ClassifySpec, WorkerSpec
from shoal.experiments.teams.use import UseSpec
from shoal.experiments.teams.words import ImportPath
from shoal.experiments.teams.wrapping import AcceptedSpec, EdgeSpec

PATTERNS: dict[str, type[BaseModel]] = {
    "single": SingleSpec,
    "worker": WorkerSpec,
    "pipeline": PipelineSpec,
    "fan_out": FanOutSpec,
    "debate": DebateSpec,
    "handoff": HandoffSpec,
    "hierarchy": HierarchySpec,
    "branch": BranchSpec,
    "swarm": SwarmSpec,
    "mesh": MeshSpec,
    "graph": GraphSpec,
}
"""By the word behind ``topology:``."""
_FORMS = ("use", "llm", "topology")
_EXPECTED = 'a member is "module:name", or a mapping with use, llm or topology'


def _checked(value: Any) -> Any:
    """Whether it can be a member at all: said here in one sentence, before its form is looked at."""
    if not isinstance(value, Mapping):
        if isinstance(value, str | BaseModel):
            return value
        raise PydanticCustomError("member", _EXPECTED + ", not {found}", {"found": type(value).__name__})
    forms = [form for form in _FORMS if form in value]
    if len(forms) > 1:
        found = " and ".join(forms)
        raise PydanticCustomError(
            "member", "a member has one of use, llm and topology, not {found}", {"found": found}
        )
    if not forms:
        near = next((close for key in value for close in get_close_matches(str(key), _FORMS, 1)), "")
        hint = f" (did you mean {near!r}?)" if near else ""
        raise PydanticCustomError("member", _EXPECTED + "{hint}", {"hint": hint})
    pattern = value.get("topology", "single")
    if not isinstance(pattern, str) or pattern not in PATTERNS:
        raise _unknown(pattern)
    return value


def _unknown(found: Any) -> PydanticCustomError:
    near = get_close_matches(str(found).replace("-", "_"), PATTERNS, 1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return PydanticCustomError(
        "topology",
        "{found} is no topology; it is expected to be one of {known}{hint}",
        {"found": repr(found), "known": ", ".join(PATTERNS), "hint": hint, "key": "topology"},
    )


def _form(value: Any) -> str:
    if isinstance(value, str):
        return "<path>"
    if isinstance(value, Mapping):
        return f"<{value['topology']}>" if "topology" in value else "<use>" if "use" in value else "<llm>"
    if isinstance(value, UseSpec | LLMMember):
        return "<use>" if isinstance(value, UseSpec) else "<llm>"
    return f"<{getattr(value, 'topology', '')}>"


def _members_form(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return "<by name>"
    return "<list>" if isinstance(value, list) else None


def _level_form(value: Any) -> str:
    return "<levels>" if isinstance(value, list) else "<one>"


Member = TypeAliasType(
    "Member",
    Annotated[
        Annotated[ImportPath, Tag("<path>")]
        | Annotated[UseSpec, Tag("<use>")]
        | Annotated[LLMMember, Tag("<llm>")]
        | Annotated[SingleSpec, Tag("<single>")]
        | Annotated[WorkerSpec, Tag("<worker>")]
        | Annotated[PipelineSpec, Tag("<pipeline>")]
        | Annotated[FanOutSpec, Tag("<fan_out>")]
        | Annotated[DebateSpec, Tag("<debate>")]
        | Annotated[HandoffSpec, Tag("<handoff>")]
        | Annotated[HierarchySpec, Tag("<hierarchy>")]
        | Annotated[BranchSpec, Tag("<branch>")]
        | Annotated[SwarmSpec, Tag("<swarm>")]
        | Annotated[MeshSpec, Tag("<mesh>")]
        | Annotated[GraphSpec, Tag("<graph>")],
        Discriminator(_form),
        BeforeValidator(_checked),
    ],
)
"""An agent or a team."""
Members = TypeAliasType(
    "Members",
    Annotated[
        Annotated[dict[str, Member], Tag("<by name>")] | Annotated[list[Member], Tag("<list>")],
        Discriminator(
            _members_form,
            custom_error_type="members",
            custom_error_message="it is expected to be members by name, or a list of them",
        ),
    ],
)
"""Several, by name or as a list; those of a list are called ``1``, ``2``, ..."""
ByLevel = TypeAliasType(
    "ByLevel",
    Annotated[
        Annotated[Member, Tag("<one>")] | Annotated[list[Member], Tag("<levels>")], Discriminator(_level_form)
    ],
)
"""One for all levels of a tree, or a list from the top."""
TeamSpec = Member
"""What stands under ``team:``: a lone agent is a team of one."""


def _baseline_form(value: Any) -> str:
    return "<word>" if value in ("auto", "none") else "<team>"


BaselineSpec = Annotated[
    Annotated[Literal["auto", "none"], Tag("<word>")] | Annotated[Member, Tag("<team>")],
    Discriminator(_baseline_form),
]
"""What stands under ``baseline:``."""

_RECURSIVE: tuple[type[BaseModel], ...] = (
    EdgeSpec, AcceptedSpec, AggregateSpec, ClassifySpec, UseSpec, LLMMember, *PATTERNS.values(),
)  # fmt: skip
for _model in _RECURSIVE:
    _model.model_rebuild(_types_namespace={"Member": Member, "Members": Members, "ByLevel": ByLevel})


def place_of(error: Mapping[str, Any]) -> tuple[str | int, ...]:
    """Where in the file an error of Pydantic (one of ``ValidationError.errors()``) is: keys and places in lists."""
    place = [
        part
        for part in error["loc"]
        if not (isinstance(part, str) and part[:1] in "<[" and part[-1:] in ">]" and part)
    ]
    key = (error.get("ctx") or {}).get("key")
    return (*place, key) if key else tuple(place)
