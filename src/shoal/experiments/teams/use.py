"""A member that is Python: a class, an async function, an agent, or what makes one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Discriminator, Field, Tag

from shoal.experiments.teams.strict import Strict
from shoal.experiments.teams.words import ImportPath
from shoal.experiments.teams.wrapping import Wrapped


class UseSpec(Wrapped):
    """What is found under an import path: a class, an async function, an agent, a team, or what makes one."""

    model_config = ConfigDict(populate_by_name=True)

    use: ImportPath
    """Where it is: package.module:name, or file.py:name."""
    arguments: dict[str, Any] = Field(default={}, alias="with")
    """What the class, or the function that makes it, is called with."""


class Called(Strict):
    """What a function or class makes when it is called with arguments."""

    model_config = ConfigDict(populate_by_name=True)

    use: ImportPath
    """Where it is: package.module:name, or file.py:name."""
    arguments: dict[str, Any] = Field(default={}, alias="with")
    """What it is called with."""


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "<path>"
    return "<call>" if isinstance(value, dict | Called) else None


Found = Annotated[
    Annotated[ImportPath, Tag("<path>")] | Annotated[Called, Tag("<call>")],
    Discriminator(
        _kind,
        custom_error_type="found",
        custom_error_message="it is expected to be an import path, or {use: path, with: {...}}",
    ),
]
"""A Python object as it is found, or what it makes when it is called."""
