"""What all parts of a team's description have in common: strict, frozen, each key with its help text."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError


class Strict(BaseModel):
    """A mapping with these keys and no others; values are what they say: ``"3"`` is no number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class OneOf(Strict):
    """A mapping with exactly one of its keys, and whatever :attr:`beside` says."""

    beside: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _one(self) -> OneOf:
        given = [name for name in type(self).model_fields if name in self.model_fields_set]
        chosen = [name for name in given if name not in self.beside]
        if len(chosen) != 1:
            known = ", ".join(name for name in type(self).model_fields if name not in self.beside)
            found = " and ".join(chosen) or "none"
            raise PydanticCustomError(
                "one_of", "give one of {known}, and here is {found}", {"known": known, "found": found}
            )
        return self

    @property
    def chosen(self) -> str:
        """The key that is given."""
        return next(name for name in self.model_fields_set if name not in self.beside)
