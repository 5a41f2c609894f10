"""From ``by:`` and ``merge:`` to what makes one answer of several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from shoal.experiments.teams.aggregates import AggregateSpec, MergeSpec
from shoal.experiments.teams.place import Place
from shoal.experiments.teams.workbench import UNMADE, Workbench
from shoal.runtime.errors import ConfigError
from shoal.topologies.answers.aggregate import Aggregate
from shoal.topologies.answers.concatenation import concatenate
from shoal.topologies.answers.merging import merge_by_schema
from shoal.topologies.answers.ranking import ranked_vote
from shoal.topologies.answers.synthesis import synthesize
from shoal.topologies.answers.voting import majority_vote, weighted_vote

_WORDS: dict[str, Callable[[], Aggregate]] = {
    "majority": majority_vote, "ranked": ranked_vote, "concatenate": concatenate,
}  # fmt: skip


def make_aggregate(spec: Any, field: str, bench: Workbench, place: Place) -> Any:
    """An aggregate or a plain function; ``None`` for none. ``place``: of the team, whose answer a writer gives."""
    if spec is None or (isinstance(spec, str) and spec in _WORDS):
        return None if spec is None else _WORDS[spec]()
    if isinstance(spec, str):
        return _found(bench.function(spec, field))
    at = f"{field}.{spec.chosen}"
    try:
        return _made(spec, at, bench, place)
    except ConfigError as exc:
        return bench.problem(at, f"this cannot work: {exc.text}")


def _found(found: Any) -> Any:
    """An aggregate's class makes one."""
    return found() if isinstance(found, type) and issubclass(found, Aggregate) else found


def _made(spec: AggregateSpec, at: str, bench: Workbench, place: Place) -> Any:
    if spec.majority is not None:
        return majority_vote(
            spec.majority.field, more_than=spec.majority.more_than, exact=spec.majority.exact
        )
    if spec.weighted is not None:
        vote = spec.weighted
        return weighted_vote(vote.weights, vote.field, more_than=vote.more_than, exact=vote.exact)
    if spec.ranked is not None:
        return ranked_vote(spec.ranked)
    if spec.concatenate is not None:
        return concatenate(spec.concatenate.separator, named=spec.concatenate.named)
    if spec.merge is not None:
        return _merge(spec.merge, at, bench)
    writer = bench.member(spec.synthesize, at, Place(None, place.answers))
    return UNMADE if writer is UNMADE else synthesize(writer, fields=spec.fields)


def _merge(spec: str | MergeSpec, at: str, bench: Workbench) -> Any:
    path = spec if isinstance(spec, str) else spec.model
    model = bench.model(path, at if isinstance(spec, str) else f"{at}.schema", BaseModel)
    if model is UNMADE or isinstance(spec, str):
        return model if model is UNMADE else merge_by_schema(model)
    return merge_by_schema(model, prefer=spec.prefer, unite=spec.unite)
