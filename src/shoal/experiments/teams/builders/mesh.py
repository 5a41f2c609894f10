"""From ``topology: mesh`` to :func:`shoal.mesh`."""

from __future__ import annotations

from typing import Any

from shoal.experiments.teams.builders.given import given
from shoal.experiments.teams.patterns.mesh import MeshSpec
from shoal.experiments.teams.place import Place
from shoal.experiments.teams.workbench import Workbench, inside
from shoal.models.spec import Breaker
from shoal.topologies.mesh import mesh


def make_mesh(spec: MeshSpec, field: str, bench: Workbench, place: Place) -> Any:
    """The team, or ``UNMADE``."""
    peers = bench.members(spec.peers, inside(field, "peers"), Place(place.takes))
    options = given(
        spec, "turns", "turns_each", "most_hops", "most_visits", "rounds", "unchanged", "board", "near", "astray",
        "seed",
    )  # fmt: skip
    for name in ("again", "until", "result"):
        options[name] = bench.function(getattr(spec, name), inside(field, name))
    channels = spec.channels
    options["channels"] = channels if isinstance(channels, str) else [(one, other) for one, other in channels]
    if spec.first is not None:
        options["first"] = spec.first[0] if len(spec.first) == 1 else spec.first
    if "breaker" in spec.model_fields_set:
        options["breaker"] = None if spec.breaker is None else Breaker(**spec.breaker.model_dump())
    return bench.build(field, lambda: mesh(peers, **options), "peers", isinstance(spec.peers, dict))
