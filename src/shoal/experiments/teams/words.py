"""Words of a team's description: import paths, types by name, texts, amounts. Pure."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from shoal.experiments.teams.strict import OneOf

_MODULE = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")
_FILE = re.compile(r"^[^:\n]+\.py:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")
PLAIN = ("str", "int", "float", "bool", "list", "dict", "None")
"""Types that need no module."""
_AMOUNT = re.compile(r"^(\d+(?:\.\d+)?)\s*([kKmM]?)$")
_TIMES = {"k": 1_000, "m": 1_000_000}
_LASTS = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def is_import_path(text: str) -> bool:
    """Whether it looks like ``package.module:name`` or ``file.py:name``."""
    return bool(_MODULE.match(text) or _FILE.match(text))


def _import_path(text: str) -> str:
    if not is_import_path(text):
        raise PydanticCustomError(
            "import_path",
            "{text} is no import path; it is expected to be package.module:name or file.py:name",
            {"text": repr(text)},
        )
    return text


def _type_name(text: str) -> str:
    for part in text.split("|"):
        if part.strip() not in PLAIN and not is_import_path(part.strip()):
            raise PydanticCustomError(
                "type_name",
                "{text} is no type; it is expected to be {plain}, or an import path as package.module:Type",
                {"text": repr(part.strip()), "plain": ", ".join(PLAIN)},
            )
    return text


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def parse_amount(value: Any) -> Any:
    """``"200k"`` as 200000, ``"1.5m"`` as 1500000; anything else as it is, for the type to judge."""
    found = _AMOUNT.match(value) if isinstance(value, str) else None
    if found is None:
        return value
    number = float(found[1]) * _TIMES.get(found[2].lower(), 1)
    return int(number) if number == int(number) else value


def parse_duration(value: Any) -> Any:
    """``"10m"`` as 600.0 seconds; anything else as it is, for the type to judge."""
    found = _LASTS.match(value) if isinstance(value, str) else None
    return float(found[1]) * _SECONDS[found[2]] if found is not None else value


ImportPath = Annotated[
    str,
    AfterValidator(_import_path),
    Field(description="Where it is: package.module:name, or file.py:name.", examples=["triage:Keyword"]),
]
TypeName = Annotated[
    str,
    AfterValidator(_type_name),
    Field(description="A type: str, int, float, bool, list, dict, or package.module:Type; several with |."),
]
Names = Annotated[list[str], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
"""One name, or a list of them."""
Amount = Annotated[
    int,
    BeforeValidator(
        parse_amount,
        json_schema_input_type=Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=_AMOUNT.pattern)],
    ),
    Field(ge=0, description="A whole number; 200k and 1.5m are understood.", examples=["200k"]),
]
Count = Annotated[
    int,
    BeforeValidator(
        parse_amount,
        json_schema_input_type=Annotated[int, Field(ge=1)] | Annotated[str, Field(pattern=_AMOUNT.pattern)],
    ),
    Field(ge=1, description="A whole number from 1; 200k and 1.5m are understood.", examples=["200k"]),
]
MOST_SECONDS = 10 * 365 * 86400.0
"""What is longer is no duration that anybody waits for, and clocks cannot count it."""
Duration = Annotated[
    float,
    BeforeValidator(
        parse_duration,
        json_schema_input_type=Annotated[float, Field(gt=0, le=MOST_SECONDS)]
        | Annotated[str, Field(pattern=_LASTS.pattern)],
    ),
    Field(
        gt=0,
        le=MOST_SECONDS,
        allow_inf_nan=False,
        description="Seconds; 90s, 10m, 2h are understood.",
        examples=["10m"],
    ),
]


def _flag_or_path(value: Any) -> str | None:
    if isinstance(value, bool):
        return "<flag>"
    return "<path>" if isinstance(value, str) else None


FlagOrType = Annotated[
    Annotated[bool, Tag("<flag>")] | Annotated[ImportPath, Tag("<path>")],
    Discriminator(
        _flag_or_path,
        custom_error_type="flag_or_type",
        custom_error_message="it is expected to be true, false, or the import path of a class",
    ),
]
"""Yes, no, or yes in a form of one's own."""


class TextSource(OneOf):
    """A text, said to be one or to be in a file."""

    file: str = ""
    """A file beside the experiment file, UTF-8."""
    text: str = ""
    """The text itself."""


def _text_kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "<text>"
    return "<source>" if isinstance(value, dict | TextSource) else None


Text = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[TextSource, Tag("<source>")],
    Discriminator(
        _text_kind,
        custom_error_type="text",
        custom_error_message="it is expected to be a text, the name of a text file, or {file: ...}",
    ),
]
"""A text; one line that ends in .md, .txt, .j2, .jinja or .prompt names a file."""
Take = Literal["first", "all"]
