"""Places for problems: a line of the file, or the override that put the value there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shoal.experiments.errors import Problem
from shoal.experiments.file.overrides import Override
from shoal.experiments.file.places import Path, Places, dotted


class Locator:
    """Knows where each field of an experiment's data comes from."""

    def __init__(
        self, file: str, data: Any, places: Places, overridden: Iterable[tuple[Path, Override]] = ()
    ) -> None:
        """``overridden``: paths as they were put, in the order of the command line."""
        self.file = file
        self.data = data
        self.places = places
        self._overridden = list(overridden)

    def problem(self, path: Path, what: str, remedy: str = "") -> Problem:
        """A problem of this field."""
        for put, override in reversed(self._overridden):
            if path[: len(put)] == put or self._is_of(put, path):
                return Problem(what, override.place, field=dotted(path), remedy=remedy)
        return Problem(what, self.file, self.places.line(path), dotted(path), remedy)

    def _is_of(self, put: Path, path: Path) -> bool:
        """Whether the field, or what it would be in, is there only because the override put something into it."""
        common = next(
            (n for n, (a, b) in enumerate(zip(put, path, strict=False)) if a != b), min(len(put), len(path))
        )
        return bool(self.places) and common > self.places.depth(path)

    def placed(self, problem: Problem, within: Path = ()) -> Problem:
        """A problem that names a field within ``within``, but no place."""
        if problem.file:
            return problem
        path = self.path_of(problem.field, within)
        return self.problem(path, problem.what, problem.remedy)._replace(field=dotted(path))

    def value(self, path: Path) -> Any:
        """What was written there, with its variables as they are; ``None`` where there is nothing."""
        data = self.data
        for key in path:
            data = _inner(data, key)
        return data

    def path_of(self, field: str, within: Path = ()) -> Path:
        """The path of a field written with dots, also where keys have dots themselves."""
        data = self.value(within)
        found, rest = list(within), field.split(".") if field else []
        while rest:
            key, rest = _next_key(data, rest)
            found.append(key)
            data = _inner(data, key)
        return tuple(found)


def _next_key(data: Any, parts: list[str]) -> tuple[str | int, list[str]]:
    if isinstance(data, list) and parts[0].isdecimal():
        return int(parts[0]), parts[1:]
    if isinstance(data, dict):
        for end in range(len(parts), 0, -1):
            if (key := ".".join(parts[:end])) in data:
                return key, parts[end:]
    return parts[0], parts[1:]


def _inner(data: Any, key: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(key)
    if isinstance(data, list) and isinstance(key, int) and 0 <= key < len(data):
        return data[key]
    return None
