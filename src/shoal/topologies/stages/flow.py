"""How items go through a pipeline: gates, what may be skipped, how many at once, in which order. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shoal.runtime.errors import ConfigError
from shoal.topologies.stages.gate import Gate, check_gate

Skip = Callable[[Any], Any]
"""Whether an item passes a stage by. Gets what the stage would get. May be async."""
MANY_STAGES = 4
"""Past this a pipeline mostly costs: 950 ms of coordination for 500 of work is claimed for four stages."""


@dataclass(frozen=True)
class Flow:
    """Each by stage name; see :func:`~.pipeline.pipeline`."""

    gates: Mapping[str, Gate] = field(default_factory=dict)
    skip: Mapping[str, Skip] = field(default_factory=dict)
    parallel: Mapping[str, int] = field(default_factory=dict)
    ordered: bool = False


def check_flow(flow: Flow, stages: list[str]) -> None:
    """Raise :class:`ConfigError` for what names no stage, or cannot work."""
    for what, named in (("gate", flow.gates), ("skip", flow.skip), ("parallel", flow.parallel)):
        for name in named:
            if name not in stages:
                raise ConfigError(
                    f"pipeline: {what} {name!r} belongs to no stage; stages are {', '.join(stages)}"
                )
    for name, gate in flow.gates.items():
        check_gate(gate, name, stages)
    for name, skip in flow.skip.items():
        if not callable(skip):
            raise ConfigError(f"pipeline: skip {name!r} is {skip!r}, which cannot be called")
    for name, most in flow.parallel.items():
        if not isinstance(most, int) or most < 1:
            raise ConfigError(f"pipeline: parallel {name!r} is {most!r}; give a whole number from 1")
