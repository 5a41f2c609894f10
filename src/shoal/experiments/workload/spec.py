"""What a workload is, as data: where its cases are, which of their fields mean what, and which of them are taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, to_jsonable_python

Format = Literal["jsonl", "csv", "tsv", "parquet", "text"]
"""How a file is read. ``text``: the file is one case, with the fields ``path``, ``text``, ``name`` and ``folder``."""
SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}


def _check_tasks(value: Any) -> Any:
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("it is empty: give a file, a folder, a glob or 'module:name'")
        return value
    if isinstance(value, bytes | dict | BaseModel) or not isinstance(value, Iterable):
        raise ValueError("give a file, a folder, a glob, 'module:name' or a list of cases")
    return value


def _as_json(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return to_jsonable_python(value, bytes_mode="base64", serialize_unknown=True, inf_nan_mode="strings")
    return f"(an object of Python: {type(value).__name__})"


Source = Annotated[
    Any,
    AfterValidator(_check_tasks),
    PlainSerializer(_as_json, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": {}}]}),
]


class WorkloadSpec(BaseModel):
    """The workload of an experiment. ``workload: tickets.jsonl`` stands for ``workload: {tasks: tickets.jsonl}``."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    tasks: Source
    """Where the cases are: a file (``.jsonl``, ``.ndjson``, ``.csv``, ``.tsv``, ``.parquet``), a folder each file of
    which is a case, a glob of either, ``module:name`` of a Python iterable or of a function that gives one, or the
    cases themselves as a list. Paths are relative to the experiment file. In Python also any iterable object."""
    format: Format | None = None
    """How the files are read, where their suffix does not say it."""
    pattern: str | list[str] = Field(default="**/*")
    """Of a folder: which of its files are cases, as glob or globs. Files and folders that begin with a dot are taken
    only where a part of the pattern begins with a dot itself."""
    id: str | None = None
    """The field with the case's id. Without it: the field ``id``, where the first case has one; else, of files in a
    folder, the relative path; else the position (``case-1``)."""
    input: str | list[str] | dict[str, str] | None = None
    """What the team is asked: a field (its value is the input), a list of fields, or the message's fields with the
    case's fields they are filled from. Without it: all fields but id and answer."""
    answer: str | None = None
    """The field with the expected answer, which the team does not get to see unless ``input`` names it."""
    message: str = ""
    """``module:Type`` of the message, where the team accepts several types."""
    where: dict[str, Any] = Field(default_factory=dict)
    """Only cases whose fields have these values; of a list, one of its values."""
    sample: int | None = Field(default=None, ge=1)
    """So many cases, drawn at random with the experiment's seed, in the workload's order. The same seed draws the same
    ones, and those of a smaller sample are among those of a larger one."""
    shuffle: bool = False
    """Take them in random order, which the experiment's seed decides."""
    limit: int | None = Field(default=None, ge=1)
    """At most the first so many, after ``where``, ``sample`` and ``shuffle``."""
    encoding: str = "utf-8"
    """Of text files."""

    @model_validator(mode="before")
    @classmethod
    def _from_tasks(cls, value: Any) -> Any:
        if isinstance(value, dict | WorkloadSpec) or value is None:
            return value
        return {"tasks": value} if isinstance(value, Iterable) else value

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError:
            raise ValueError(f"there is no encoding {value!r}") from None
        return value

    @field_validator("input", "pattern")
    @classmethod
    def _names_something(cls, value: Any) -> Any:
        if value is not None and not value:
            raise ValueError("it is empty")
        return value

    @field_validator("message")
    @classmethod
    def _names_a_type(cls, value: str) -> str:
        module, _, name = value.partition(":")
        if value and not (module and name):
            raise ValueError(f"{value!r} is not 'module:Type'")
        return value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": {}}, handler(core_schema)]}

    @property
    def patterns(self) -> tuple[str, ...]:
        """``pattern`` as several."""
        return (self.pattern,) if isinstance(self.pattern, str) else tuple(self.pattern)
