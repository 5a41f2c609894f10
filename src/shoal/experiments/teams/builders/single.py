"""From ``topology: single`` to :func:`shoal.single`."""

from __future__ import annotations

from typing import Any

from shoal.experiments.teams.patterns.single import SingleSpec
from shoal.experiments.teams.place import Place
from shoal.experiments.teams.workbench import Workbench, inside
from shoal.topologies.single import single


def make_single(spec: SingleSpec, field: str, bench: Workbench, place: Place) -> Any:
    """The team, or ``UNMADE``."""
    agent = bench.member(spec.agent, inside(field, "agent"), place)
    return bench.build(field, lambda: single(agent))
