"""Where an experiment runs, as data: this process, Ray on this machine, a cluster; and what each role needs there."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from shoal.experiments.teams.strict import Strict
from shoal.experiments.teams.words import Names

_PORT = re.compile(r"(?:ray://)?(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class RoleResources(Strict):
    """What each agent of a role takes from the node it is on."""

    cpus: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """CPU cores that are set aside for it."""
    gpus: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """GPUs that are set aside for it."""
    memory: int | str | None = None
    """Bytes of memory that are set aside for it; 500M, 2G and 2GiB are understood."""
    resources: dict[str, float] = Field(default_factory=dict)
    """Resources of the cluster's own, by the names they have there."""
    node: dict[str, str] = Field(default_factory=dict)
    """Labels that the node has to have."""

    @field_validator("memory")
    @classmethod
    def _in_bytes(cls, value: int | str | None) -> int | None:
        return _bytes(value) if isinstance(value, str) else _positive(value)

    @field_validator("resources")
    @classmethod
    def _not_negative(cls, value: dict[str, float]) -> dict[str, float]:
        for name, amount in value.items():
            if not 0 <= amount < float("inf"):
                raise ValueError(f"found {amount} of {name!r}; expected 0 or more")
            if name in ("CPU", "GPU", "memory"):
                raise ValueError(f"{name} has a field of its own: give cpus, gpus or memory")
        return value


class ClusterSpec(Strict):
    """Where it runs."""

    address: str | None = None
    """local: all in this process, without Ray. Nothing: Ray on this machine. auto, host:port or ray://host:port: a
    running cluster."""
    placement: Literal["default", "spread", "pack"] = "default"
    """How agents are put on nodes: as Ray likes it, over as many nodes as there are, or on as few as can be."""
    roles: dict[str, RoleResources] = Field(default_factory=dict)
    """What agents need, by the names of members."""
    env: Names = Field(default_factory=list)
    """Names of environment variables that are handed on to the nodes, as those of models' keys."""
    packages: Names = Field(default_factory=list)
    """Packages that are installed on the nodes, as pip takes them."""
    exclude: Names = Field(default_factory=list)
    """Files of the folder that are not sent to the nodes, as globs."""

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value in (None, "local", "auto") or _PORT.fullmatch(str(value)):
            return value
        raise ValueError(f"found {value!r}; expected local, auto, host:port or ray://host:port")

    @field_validator("env")
    @classmethod
    def _are_names(cls, value: list[str]) -> list[str]:
        for name in value:
            if not _VARIABLE.fullmatch(name):
                raise ValueError("an environment variable is given by its name, without a value")
        return value


_MEMORY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(k|m|g|t)?(i)?b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def _bytes(text: str) -> int:
    found = _MEMORY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"found {text!r}; expected bytes, or an amount such as 500M, 2G or 2GiB")
    base = 1024 if found[3] else 1000
    return int(float(found[1]) * base ** _POWERS[(found[2] or "").lower()])


def _positive(value: int | None) -> int | None:
    if value is not None and value < 1:
        raise ValueError(f"found {value}; expected 1 or more")
    return value
