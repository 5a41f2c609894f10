"""Variables of the environment in texts: ``${NAME}`` is what the variable holds, ``$${`` is ``${`` itself. Pure.

What they hold is for the program that runs, and is not written down: :class:`Expanded` keeps what stood there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from shoal.experiments.errors import Problem
from shoal.experiments.file.places import Path, dotted

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Expanded(NamedTuple):
    """Data with its variables filled in."""

    data: Any
    written: dict[str, str]
    """What stood in the file, by what became of it."""
    whole: dict[Path, str]
    """Values that are one variable and nothing else: they may be meant as numbers."""
    problems: list[Problem]
    held: dict[str, str]
    """What each variable that is named held."""


def expand(data: Any, environ: Mapping[str, str]) -> Expanded:
    """Fill in the variables of every text in the data; keys are left as they are."""
    filling = _Filling(environ)
    return Expanded(filling.value(data, ()), filling.written, filling.whole, filling.problems, filling.held)


def written_back(data: Any, written: Mapping[str, str]) -> Any:
    """The data with what stood in the file instead of what variables held: the opposite of :func:`expand`."""
    if isinstance(data, str):
        return written[data] if data in written else data.replace("${", "$${")
    if isinstance(data, dict):
        return {key: written_back(value, written) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [written_back(value, written) for value in data]
    return data


def variables_in(text: str) -> list[str]:
    """The names of the variables that stand in a text."""
    return [found[1] for found in _VARIABLE.finditer(text) if found[1] is not None]


class _Filling:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.written: dict[str, str] = {}
        self.whole: dict[Path, str] = {}
        self.problems: list[Problem] = []
        self.held: dict[str, str] = {}

    def value(self, data: Any, path: Path) -> Any:
        if isinstance(data, str):
            return self._text(data, path) if "${" in data else data
        if isinstance(data, dict):
            return {key: self.value(one, (*path, key)) for key, one in data.items()}
        if isinstance(data, list):
            return [self.value(one, (*path, number)) for number, one in enumerate(data)]
        return data

    def _text(self, text: str, path: Path) -> str:
        def fill(found: re.Match[str]) -> str:
            if found[1] is None:
                return "${"
            return self._variable(found[1], found[2] == "}", path)

        filled = _VARIABLE.sub(fill, text)
        self.written[filled] = text
        only = _VARIABLE.fullmatch(text)
        if only is not None and only[1] is not None:
            self.whole[path] = filled
        return filled

    def _variable(self, name: str, closed: bool, path: Path) -> str:
        if not closed or not _NAME.fullmatch(name):
            what = f"${{{name[:40]} is no variable of the environment"
            self.problems.append(
                Problem(what, field=dotted(path), remedy="write ${NAME}, or $${ for ${ itself")
            )
            return ""
        if name not in self._environ:
            what = f"the environment variable {name} is not set"
            self.problems.append(Problem(what, field=dotted(path), remedy=f"export {name}=... before"))
            return ""
        self.held[name] = self._environ[name]
        return self._environ[name]
