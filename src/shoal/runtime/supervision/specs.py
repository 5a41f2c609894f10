"""Child and supervisor specs: data, checked whole before anything starts.

The fields, their defaults and what may be combined are those of OTP's ``supervisor``. A spec that cannot work is a
:class:`~shoal.runtime.errors.ConfigError` that names the child, the field and what to do; no pydantic error gets out.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from shoal.runtime.config import describe_invalid
from shoal.runtime.errors import ConfigError
from shoal.runtime.supervision.backoff import Backoff
from shoal.runtime.supervision.exits import Exit

_Spec = TypeVar("_Spec", bound=BaseModel)

WORKER_SHUTDOWN_S = 5.0
"""Grace of a worker whose spec names none, in seconds (OTP's default)."""

Shutdown = (
    Annotated[float, Field(ge=0, strict=True, allow_inf_nan=False)] | Literal["brutal_kill", "infinity"]
)
"""Grace in seconds, then kill; ``brutal_kill``: kill at once; ``infinity``: wait as long as it takes."""


class Restart(StrEnum):
    """When a child that ended is started again."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    """Only after an abnormal end."""
    TEMPORARY = "temporary"
    """Never, and its spec is forgotten when it ends."""

    def wanted(self, exit: Exit) -> bool:
        """Whether a child of this kind is restarted after ``exit``."""
        return self is Restart.PERMANENT or (self is Restart.TRANSIENT and not exit.normal)


class Strategy(StrEnum):
    """Which children one child's end concerns."""

    ONE_FOR_ONE = "one_for_one"
    ONE_FOR_ALL = "one_for_all"
    REST_FOR_ONE = "rest_for_one"
    """The child and those after it in start order."""
    SIMPLE_ONE_FOR_ONE = "simple_one_for_one"
    """Children are made at run time from one template, and stopped all together."""


class AutoShutdown(StrEnum):
    """Whether a supervisor ends by itself when significant children have ended."""

    NEVER = "never"
    ANY_SIGNIFICANT = "any_significant"
    ALL_SIGNIFICANT = "all_significant"


class ChildKind(StrEnum):
    """What a child is."""

    WORKER = "worker"
    SUPERVISOR = "supervisor"


class ChildSpec(BaseModel):
    """One child: what to start, and what to do when it ends."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    id: str = Field(min_length=1)
    """Its name under this supervisor, unique there."""
    agent: Any
    """What to start; opaque here."""
    restart: Restart = Restart.PERMANENT
    shutdown: Shutdown = WORKER_SHUTDOWN_S
    """How it is stopped; a supervisor's default is ``infinity``, so that its subtree can stop in order."""
    kind: ChildKind = ChildKind.WORKER
    significant: bool = False
    """Whether its end counts for the supervisor's ``auto_shutdown``."""
    host: str | None = None
    """Where to start it; opaque here."""
    backoff: Backoff | None = None
    """The pause before its restarts; ``None``: the supervisor's."""

    @model_validator(mode="wrap")
    @classmethod
    def _checked(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(data, dict) and "shutdown" not in data and data.get("kind") == ChildKind.SUPERVISOR:
            data = {**data, "shutdown": "infinity"}
        child = _validated(data, handler, f"child {_name(data, 'id')!r}")
        if child.significant and child.restart is Restart.PERMANENT:
            raise ConfigError(
                f"child {child.id!r}: significant: a permanent child is always restarted, so its end can mean "
                "nothing; set restart to 'transient' or 'temporary', or significant to False"
            )
        return child


class SupervisorSpec(BaseModel):
    """A supervisor: its strategy, its limits and its children in start order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="supervisor", min_length=1)
    """Who gave up, in the chain of causes."""
    strategy: Strategy = Strategy.ONE_FOR_ONE
    intensity: int = Field(default=1, ge=0, strict=True)
    """More restarts than this within ``period_s``, and the supervisor gives up."""
    period_s: float = Field(default=5.0, gt=0, allow_inf_nan=False)
    auto_shutdown: AutoShutdown = AutoShutdown.NEVER
    backoff: Backoff | None = None
    """The pause before restarts; ``None``: at once, as in OTP."""
    children: tuple[ChildSpec, ...] = ()
    """In start order; exactly one, the template, for ``simple_one_for_one``."""

    @model_validator(mode="wrap")
    @classmethod
    def _checked(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        spec = _validated(data, handler, f"supervisor {_name(data, 'name')!r}")
        _check_unique(spec)
        if spec.dynamic:
            _check_dynamic(spec)
        for child in spec.children:
            check_child(child, spec)
        return spec

    @property
    def dynamic(self) -> bool:
        """Whether children are made from a template."""
        return self.strategy is Strategy.SIMPLE_ONE_FOR_ONE


def check_child(child: ChildSpec, supervisor: SupervisorSpec) -> None:
    """Raise :class:`ConfigError` for a child that this supervisor cannot have."""
    if child.significant and supervisor.auto_shutdown is AutoShutdown.NEVER:
        raise ConfigError(
            f"child {child.id!r}: significant: supervisor {supervisor.name!r} never shuts itself down; set its "
            "auto_shutdown to 'any_significant' or 'all_significant', or significant to False"
        )


def _check_unique(spec: SupervisorSpec) -> None:
    seen: set[str] = set()
    for child in spec.children:
        if child.id in seen:
            raise ConfigError(
                f"supervisor {spec.name!r}: children: two have the id {child.id!r}; give each its own id"
            )
        seen.add(child.id)


def _check_dynamic(spec: SupervisorSpec) -> None:
    if len(spec.children) != 1:
        raise ConfigError(
            f"supervisor {spec.name!r}: children: simple_one_for_one makes its children from one template, and "
            f"{len(spec.children)} were given; give exactly one"
        )
    if spec.auto_shutdown is not AutoShutdown.NEVER:
        # OTP forbids it since 28: with children that come and go, "all" is met again and again.
        raise ConfigError(
            f"supervisor {spec.name!r}: auto_shutdown: {spec.auto_shutdown.value!r} does not go with "
            "simple_one_for_one; set it to 'never', or use another strategy"
        )


def _validated(data: Any, handler: ModelWrapValidatorHandler[_Spec], subject: str) -> _Spec:
    try:
        return handler(data)
    except ValidationError as exc:
        raise ConfigError(describe_invalid(subject, exc)) from exc


def _name(data: Any, field: str) -> Any:
    return data.get(field) if isinstance(data, dict) else data
