"""From ``router:`` and ``orchestrator:`` to what chooses a worker."""

from __future__ import annotations

from typing import Any

from shoal.experiments.teams.patterns.worker import WorkerSpec
from shoal.experiments.teams.routing import BanditSpec, RouterSpec
from shoal.experiments.teams.words import is_import_path
from shoal.experiments.teams.workbench import UNMADE, Workbench, inside
from shoal.runtime.errors import ConfigError
from shoal.topologies.work.bandit import Bandit
from shoal.topologies.work.routers import ByCapability, ByField, LeastLoaded, RoundRobin, Router

_CAPABILITY = "capability"
_THE_USUAL = "shoal:Router"
"""Stands for the usual orchestrator: what it names is the type of all routers."""


def make_router(spec: WorkerSpec, field: str, bench: Workbench) -> Any:
    """The router of a team of workers; ``None``: the builder's own."""
    given = [name for name in ("router", "orchestrator") if getattr(spec, name) is not None]
    if len(given) > 1:
        return bench.problem(
            inside(field, "router"), "here are router and orchestrator, which say the same; give one"
        )
    if spec.orchestrator is None:
        return _routing(spec.router, inside(field, "router"), bench)
    at = inside(field, "orchestrator")
    by = spec.orchestrator.by
    if spec.orchestrator.use in (None, _THE_USUAL):
        return _routing(by, f"{at}.by", bench)
    if by is not None:
        what = (
            "a router of one's own chooses itself, and by says how the usual one does; give one of use and by"
        )
        return bench.problem(f"{at}.by", what)
    return _routing(spec.orchestrator.use, f"{at}.use", bench)


def _routing(spec: str | RouterSpec | None, field: str, bench: Workbench) -> Any:
    if spec is None:
        return None
    if isinstance(spec, str):
        return _word(spec) if not is_import_path(spec) else _own(spec, field, bench)
    try:
        return _made(spec, field, bench)
    except ConfigError as exc:
        return bench.problem(field, f"this cannot work: {exc.text}")


def _word(word: str) -> Router:
    if word == "bandit":
        return Bandit()
    if word == "round_robin":
        return RoundRobin()
    return ByField(_CAPABILITY) if word == _CAPABILITY else LeastLoaded()


def _own(path: str, field: str, bench: Workbench) -> Any:
    found = bench.function(path, field)
    return bench.call(found, {}, path, field) if isinstance(found, type) else found


def _made(spec: RouterSpec, field: str, bench: Workbench) -> Any:
    if spec.by_field is not None:
        return ByField(spec.by_field)
    if spec.bandit is not None:
        return _bandit(spec.bandit, f"{field}.bandit", bench)
    at = f"{field}.{_CAPABILITY}"
    needs: Any
    if isinstance(spec.capability, str):
        needs = bench.function(spec.capability, at)
    else:
        wanted = spec.capability or {}
        needs = {bench.model(path, f"{at}.{path}"): capability for path, capability in wanted.items()}
    return UNMADE if bench.is_broken(at) else ByCapability(needs, _word(spec.then))


def _bandit(spec: BanditSpec, field: str, bench: Workbench) -> Any:
    context: Any = spec.context
    if context is not None and is_import_path(context):
        context = bench.function(context, f"{field}.context")
    score = bench.function(spec.score, f"{field}.score")
    if bench.is_broken(field):
        return UNMADE
    return Bandit(spec.algorithm, context=context, score=score, slow_s=spec.slow_s, seed=spec.seed)
