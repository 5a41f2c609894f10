"""The shape of a message or an answer, written in the file itself where no class is worth its while. Pure.

``str``, ``triage:Label``, ``{choices: [billing, login]}``, ``{label: {choices: [...]}, confidence: float}``,
``[str]`` for a list; a key that ends in ``?`` may be missing.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, RootModel, Tag
from pydantic_core import PydanticCustomError

from shoal.experiments.teams.strict import Strict
from shoal.experiments.teams.words import TypeName


class Choices(Strict):
    """One of several words or numbers."""

    choices: list[str | int] = Field(min_length=1)
    """What may be answered."""


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "<type>"
    if isinstance(value, list):
        return "<list>"
    if isinstance(value, Choices) or (isinstance(value, dict) and set(value) == {"choices"}):
        return "<choices>"
    return "<fields>" if isinstance(value, dict) else None


def _not_empty(value: Any) -> Any:
    if isinstance(value, dict):
        if not value:
            raise PydanticCustomError("shape", "it names no field")
        for name in value:
            if not isinstance(name, str) or not name.removesuffix("?").isidentifier() or name.startswith("_"):
                raise PydanticCustomError(
                    "shape", "{name} is no name of a field; use letters, digits and _", {"name": repr(name)}
                )
    if isinstance(value, list) and len(value) != 1:
        raise PydanticCustomError("shape", "a list is expected to name one type, that of its entries")
    return value


_Form = Annotated[
    Annotated[TypeName, Tag("<type>")]
    | Annotated[Choices, Tag("<choices>")]
    | Annotated["list[Shape]", Tag("<list>")]
    | Annotated["dict[str, Shape]", Tag("<fields>")],
    Discriminator(
        _kind,
        custom_error_type="shape",
        custom_error_message="it is expected to be a type, {choices: [...]}, [type], or {field: type, ...}",
    ),
    BeforeValidator(_not_empty),
]


class Shape(RootModel[_Form]):
    """A type by name, ``{choices: [...]}``, ``[type]``, or ``{field: type, ...}``."""

    model_config = ConfigDict(frozen=True, strict=True)
