"""What a region is to be: decided by who opens it, before anything is started."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shoal.blackboard.errors import InvalidKey
from shoal.blackboard.schema import check_schema
from shoal.runtime.config import MIB, describe_invalid
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import check_name

MAIN = "main"
"""The region that ``ctx.board`` and ``system.board()`` mean."""
_PREFIX = "board/"


class RegionSpec(BaseModel):
    """The settings of a region. Sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    region: str = MAIN
    durable: bool = True
    """Whether acknowledged writes survive the board's process; without, a board that dies begins an empty region."""
    sync: Literal["process", "power"] = "process"
    """What a write survives once it is acknowledged: the death of any process, or a loss of power too (slower).
    For SQLite; PostgreSQL does what its ``synchronous_commit`` says."""
    history: int = Field(default=10_000, ge=0, le=10_000_000)
    """Revisions below the newest that can be read and watched from while the region is open."""
    keep_history: bool = True
    """Whether the file keeps all older ones too, for ``shoal board``; without, it is trimmed to ``history``."""
    value_bytes: int = Field(default=1 * MIB, ge=1, le=64 * MIB)
    """A value over this is refused."""
    schema_: dict[str, Any] = Field(default_factory=dict, alias="schema", repr=False)
    """What the keys under a prefix hold: a Pydantic model or a msgpack-native type. The longest prefix counts."""


def make_spec(region: str, settings: dict[str, Any]) -> RegionSpec:
    """Check a region's settings. Raises ``ConfigError`` that names the setting."""
    check_region(region)
    try:
        spec = RegionSpec(region=region, **settings)
        check_schema(spec.schema_)
    except ValidationError as exc:
        raise ConfigError(describe_invalid(f"region {region!r}", exc)) from exc
    except InvalidKey as exc:
        raise ConfigError(f"region {region!r}: schema: {exc.text}") from exc
    return spec


def check_region(region: str) -> str:
    """The name itself when a region can be called so; else ``ConfigError``."""
    check_name(_PREFIX + region if isinstance(region, str) else region)
    return region


def address_of(region: str) -> str:
    """The address of the agent that serves a region."""
    return _PREFIX + check_region(region)
