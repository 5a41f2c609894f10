"""Secrets that stand in an experiment file, which goes into the run directory, and usually into a repository. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from shoal.experiments.errors import Problem
from shoal.experiments.file.places import Path, dotted
from shoal.experiments.teams.words import PLAIN, is_import_path
from shoal.runtime.secret_fields import redact_field
from shoal.runtime.secret_shapes import redact_shapes

_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_WHAT = "this looks like a secret, and the file is kept with every run"
_REMEDY = "put it into an environment variable: api_key_env for a model's key, ${NAME} for others"


def leaks_in_text(text: str, file: str) -> list[Problem]:
    """Lines that hold what has the shape of a secret, comments too."""
    return [
        Problem(_WHAT, file, number, remedy=_REMEDY)
        for number, line in enumerate(text.splitlines(), 1)
        if has_secret_shape(line)
    ]


def leaks_in_fields(data: Any) -> Iterator[tuple[Path, Problem]]:
    """Values whose names say that they are secret, as ``password``, where a value can be one: in models, settings and
    the arguments of what is called.

    Elsewhere such a name is that of a member, a field of a message or a column, and its value says what that is.
    """
    if not isinstance(data, dict):
        return
    for section, value in data.items():
        if section in ("models", "settings"):
            yield from _named(value, (section,))
        elif section != "workload":
            yield from _in_arguments(value, (section,))


def _in_arguments(data: Any, path: Path) -> Iterator[tuple[Path, Problem]]:
    """``{use: ..., with: {...}}``, however deep."""
    for key, value in _inside(data):
        if key == "with" and isinstance(data, dict) and "use" in data:
            yield from _named(value, (*path, key), words=True)
        else:
            yield from _in_arguments(value, (*path, key))


def _named(data: Any, path: Path, *, words: bool = False) -> Iterator[tuple[Path, Problem]]:
    """``words``: import paths and types by their names are none."""
    for key, value in _inside(data):
        here = (*path, key)
        if isinstance(value, str) and _is_hidden(str(key), value) and not (words and _is_word(value)):
            yield here, Problem(_WHAT, field=dotted(here), remedy=_REMEDY)
        yield from _named(value, here, words=words)


def _is_word(value: str) -> bool:
    return value in PLAIN or is_import_path(value)


def _inside(data: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(data, dict):
        yield from data.items()
    elif isinstance(data, list):
        yield from enumerate(data)


def _is_hidden(name: str, value: str) -> bool:
    plain = _VARIABLE.sub("", value)
    return redact_field(name, plain) != plain


def has_secret_shape(text: str) -> bool:
    """Whether a part of the text has the shape of a secret; variables of the environment do not count."""
    plain = _VARIABLE.sub("", text)
    return redact_shapes(plain) != plain
