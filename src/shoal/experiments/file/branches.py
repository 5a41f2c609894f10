"""Which of Pydantic's errors are of what was meant, and which field of the data each is about. Pure.

Where a value may be one of several things, Pydantic tells what is wrong with it as each of them, and puts the names of
these branches into the errors' places. Those names are taken out, and of the branches only the one is kept that the
value comes closest to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from pydantic_core import ErrorDetails

from shoal.experiments.file.places import Path


class Fault(NamedTuple):
    """An error and the field it is about."""

    path: Path
    error: ErrorDetails
    branches: tuple[tuple[Path, str], ...] = ()
    """Where on the way was a choice, and the branch that was tried."""


def faults(errors: Iterable[ErrorDetails], data: Any) -> list[Fault]:
    """The errors that concern what was meant."""
    found = [_placed(error, data) for error in errors]
    for point in dict.fromkeys(point for one in found for point, _ in one.branches):
        found = _chosen(found, point)
    return found


def _placed(error: ErrorDetails, data: Any) -> Fault:
    location = tuple(error["loc"])
    last = location[-1:] if error["type"] in ("missing", "extra_forbidden") else ()
    kept = _aligned(location[: len(location) - len(last)], data)
    path: list[str | int] = []
    branches = []
    for part, stays in kept:
        if stays:
            path.append(part)
        elif not (isinstance(part, str) and part.startswith("<")):  # a branch that was told by its mark
            branches.append((tuple(path), str(part)))
    key = error.get("ctx", {}).get("key")  # a validator that says which part of its value it is about
    within = str(key).split(".") if key else ()
    return Fault((*path, *last, *within), error, tuple(branches))


def _aligned(location: Sequence[str | int], data: Any) -> list[tuple[str | int, bool]]:
    """Each part of a place, and whether it is a key or an index of the data: as many of them as can be."""
    ways: dict[tuple[int, int], _Way] = {}  # by the part and the data it is looked for in: each is gone once
    way = _way(location, 0, data, ways)
    kept: list[tuple[str | int, bool]] = []
    while way.rest is not None:
        kept.append((location[len(kept)], way.stays))
        way = way.rest
    return kept


class _Way(NamedTuple):
    """What becomes of a part of a place, and of those behind it."""

    kept: int
    stays: bool = False
    rest: _Way | None = None


def _way(location: Sequence[str | int], at: int, data: Any, ways: dict[tuple[int, int], _Way]) -> _Way:
    if at == len(location):
        return _Way(0)
    known = (at, id(data))
    if known not in ways:
        dropped = _way(location, at + 1, data, ways)
        inside, inner = _step(data, location[at])
        taken = _way(location, at + 1, inner, ways) if inside else None
        if taken is not None and taken.kept + 1 >= dropped.kept:
            ways[known] = _Way(taken.kept + 1, True, taken)
        else:
            ways[known] = _Way(dropped.kept, False, dropped)
    return ways[known]


def _step(data: Any, part: str | int) -> tuple[bool, Any]:
    if isinstance(data, dict) and part in data:
        return True, data[part]
    if isinstance(data, list | tuple) and isinstance(part, int) and 0 <= part < len(data):
        return True, data[part]
    return False, None


def _chosen(found: list[Fault], point: Path) -> list[Fault]:
    """Of the branches tried at this point those that the value comes closest to."""
    by_branch: dict[str, list[Fault]] = {}
    for one in found:
        for where, name in one.branches:
            if where == point:
                by_branch.setdefault(name, []).append(one)
    inside = {name: own for name, own in by_branch.items() if all(len(one.path) > len(point) for one in own)}
    if not inside:
        return found
    best = min(inside.values(), key=len)
    beside = [one for one in found if not any(where == point for where, _ in one.branches)]
    return [*beside, *best]


def by_path(found: Iterable[Fault]) -> list[tuple[Path, list[Fault]]]:
    """What is said about each field together."""
    order = {path: number for number, path in enumerate(dict.fromkeys(one.path for one in found))}
    ordered = sorted(found, key=lambda one: order[one.path])
    return [(path, list(same)) for path, same in groupby(ordered, key=lambda one: one.path)]
