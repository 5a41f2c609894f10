"""A team in an experiment: described in a file, or an object in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    SerializerFunctionWrapHandler,
    ValidatorFunctionWrapHandler,
    WrapSerializer,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from shoal.actors.agent import Agent
from shoal.experiments.teams.spec import BaselineSpec, TeamSpec
from shoal.runtime.recipe import is_behavior
from shoal.topologies.wiring.topology import Topology


def is_team_object(value: Any) -> bool:
    """Whether it is an agent, a class of agents, an async function, a factory or a topology."""
    if isinstance(value, Topology) or is_behavior(value):
        return True
    if isinstance(value, type):
        return issubclass(value, Agent)
    return callable(value)


def object_name(value: Any) -> str:
    """What an object of Python is called where it is written down; it cannot be read back from that."""
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"(an object of Python: {named.__module__}:{named.__qualname__})"


def _spec_or_object(value: Any, described: ValidatorFunctionWrapHandler) -> Any:
    return value if is_team_object(value) else described(value)


def _baseline(value: Any, described: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, str) and value not in ("auto", "none") and ":" not in value:
        raise PydanticCustomError(
            "baseline", "found {found}; expected auto, none, or a team", {"found": repr(value)}
        )
    return _spec_or_object(value, described)


def _shown(value: Any, serialize: SerializerFunctionWrapHandler) -> Any:
    return object_name(value) if is_team_object(value) else serialize(value)


if TYPE_CHECKING:
    TeamField = Any
    BaselineField = Any
else:
    TeamField = Annotated[TeamSpec, WrapValidator(_spec_or_object), WrapSerializer(_shown)]
    BaselineField = Annotated[BaselineSpec, WrapValidator(_baseline), WrapSerializer(_shown)]
