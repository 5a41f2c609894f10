"""Secrets that stand in an experiment file, which goes into the run directory, and usually into a repository. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from shoal.experiments.errors import Problem
from shoal.experiments.file.places import Path, dotted
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


def leaks_in_fields(data: Any, path: Path = ()) -> Iterator[tuple[Path, Problem]]:
    """Values whose names say that they are secret, as ``password``."""
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(value, str) and redact_field(str(key), _VARIABLE.sub("", value)) != _VARIABLE.sub(
                "", value
            ):
                yield (*path, key), Problem(_WHAT, field=dotted((*path, key)), remedy=_REMEDY)
            yield from leaks_in_fields(value, (*path, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from leaks_in_fields(value, (*path, number))


def has_secret_shape(text: str) -> bool:
    """Whether a part of the text has the shape of a secret; variables of the environment do not count."""
    plain = _VARIABLE.sub("", text)
    return redact_shapes(plain) != plain
