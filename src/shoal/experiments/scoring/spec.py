"""What judges the answers, as data."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Kind = Literal["exact", "contains", "number", "regex", "choice", "set", "use"]
KINDS: tuple[Kind, ...] = ("exact", "contains", "number", "regex", "choice", "set", "use")
NAMED = ("exact", "contains", "number", "set")
"""Those that can be given by their name alone."""


class Judging(BaseModel):
    """What all scorers have."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    field: str | None = None
    """Which field of the answer is judged. Without it: an answer that is no object is judged as it is, and so is an
    object where an object is expected; else it is the field named as the workload's ``answer``, or the only one."""

    short: ClassVar[str] = ""
    """The setting that a value which is no mapping stands for: ``{regex: '[0-9]+'}``."""

    @model_validator(mode="before")
    @classmethod
    def _written_short(cls, value: Any) -> Any:
        return {cls.short: value} if cls.short and isinstance(value, str | list) else value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        long = handler(core_schema)
        return {"anyOf": [long["properties"][cls.short], long]} if cls.short else long


class ExactSpec(Judging):
    """1 when the answer is the expected one."""

    ignore_case: bool = False
    """Whether upper and lower case are the same."""
    strip: bool = True
    """Whether white space around text does not count."""


class ContainsSpec(Judging):
    """1 when the expected text occurs in the answer; of a list of texts, the share of those that occur."""

    ignore_case: bool = True
    """Whether upper and lower case are the same."""
    words: bool = True
    """Whether it has to stand there as whole words: else ``5`` is found in ``15``."""


class NumberSpec(Judging):
    """1 when the answer's number is the expected one; in text it is the last number that counts."""

    tolerance: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """How far off it may be."""
    relative: float = Field(default=1e-9, ge=0, allow_inf_nan=False)
    """How far off it may be as a part of the expected number. The larger of the two counts."""


class RegexSpec(Judging):
    """1 when the pattern is found in the answer. If it has a group and an answer is expected: when what the group
    holds in the last place it is found is the expected answer."""

    short: ClassVar[str] = "pattern"
    pattern: str = Field(min_length=1)
    """A regular expression of Python."""
    ignore_case: bool = False
    """Whether upper and lower case are the same."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except (re.error, OverflowError, RecursionError) as exc:
            raise ValueError(f"{value[:100]!r} is no regular expression: {exc}") from None
        return value


class ChoiceSpec(Judging):
    """1 when the answer names the expected one of the choices, and no other."""

    short: ClassVar[str] = "choices"
    choices: list[str] = Field(min_length=1)
    """All there are, as the workload writes them."""
    ignore_case: bool = True
    """Whether upper and lower case are the same."""

    @model_validator(mode="after")
    def _are_different(self) -> ChoiceSpec:
        seen: set[str] = set()
        for choice in self.choices:
            key = choice.casefold() if self.ignore_case else choice
            if not choice.strip():
                raise ValueError("a choice is empty")
            if key in seen:
                raise ValueError(f"the choice {choice!r} is there twice")
            seen.add(key)
        return self


class SetSpec(Judging):
    """How much the answer's items, or words, have in common with the expected ones: F1, from 0 to 1."""

    ignore_case: bool = True
    """Whether upper and lower case are the same."""


class UseSpec(Judging):
    """A function of yours: ``(output, expected, task)``, or ``(output, expected)``, async or not. It returns a bool, a
    number from 0 to 1, or ``{"score": ..., "why": ...}``."""

    short: ClassVar[str] = "function"
    function: str = Field(min_length=1)
    """Where it is, as ``module:name`` or ``file.py:name``."""
    timeout_s: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    """How long one judgement may take, counted from when it begins."""

    @field_validator("function")
    @classmethod
    def _names_one(cls, value: str) -> str:
        module, _, name = value.partition(":")
        if not module or not name:
            raise ValueError(f"{value!r} is not 'module:function'")
        return value


class ScorerSpec(BaseModel):
    """What judges the answers: a name (``exact``) or one scorer with its settings (``{number: {tolerance: 0.01}}``)."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    exact: ExactSpec | None = None
    """The answer is the expected one. The scorer of a workload with ``answer`` where none is given."""
    contains: ContainsSpec | None = None
    """The expected text occurs in the answer."""
    number: NumberSpec | None = None
    """The answer's number is the expected one."""
    regex: RegexSpec | None = None
    """A pattern is found in the answer; also short, as ``{regex: pattern}``."""
    choice: ChoiceSpec | None = None
    """The answer names the expected one of the choices; also short, as ``{choice: [yes, no]}``."""
    set: SetSpec | None = None
    """What the answer's items or words have in common with the expected ones (F1)."""
    use: UseSpec | None = None
    """A function of yours; also short, as ``{use: 'module:function'}``."""

    @model_validator(mode="before")
    @classmethod
    def _written_short(cls, value: Any) -> Any:
        if isinstance(value, str):
            if value not in NAMED:
                raise ValueError(
                    f"there is no scorer {value!r} to be had by its name; there are {', '.join(NAMED)}"
                )
            return {value: {}}
        return value

    @model_validator(mode="after")
    def _is_one(self) -> ScorerSpec:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"give one of {', '.join(KINDS)}; found {found}")
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"enum": list(NAMED)}, handler(core_schema)]}

    @property
    def kind(self) -> Kind:
        """Which it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def judging(self) -> Judging:
        """Its settings."""
        found: Judging = getattr(self, self.kind)
        return found
