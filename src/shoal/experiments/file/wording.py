"""What is wrong with a value, in plain words: what was found, and what is expected. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from shoal.runtime.redaction import redact

_SHOWN = 60
_MANY = 12
_EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "fields (`name: value`)",
    "model_type": "fields (`name: value`)",
    "model_attributes_type": "fields (`name: value`)",
    "mapping_type": "fields (`name: value`)",
    "list_type": "a list",
    "tuple_type": "a list",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "union_tag_invalid": "{expected_tags}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} entries",
    "too_long": "at most {max_length} entries",
    "string_pattern_mismatch": "text that matches {pattern}",
}
_TEXT = ("string_type",)


def told(errors: Sequence[ErrorDetails], found: str) -> tuple[str, str]:
    """What is wrong with one value, for which Pydantic has these errors, and what to do if that is not clear."""
    known = list(dict.fromkeys(one for one in map(_expected, errors) if one))
    if not known:
        return _said(errors[0], found), ""
    remedy = ""
    first = errors[0]
    if first["type"] in ("literal_error", "enum", "union_tag_invalid"):
        remedy = did_you_mean(str(first.get("input")), _quoted(known[0]))
    elif any(one["type"] in _TEXT for one in errors) and isinstance(first.get("input"), int | float):
        remedy = "put it in quotation marks"
    one_of = "one of " if first["type"] in ("literal_error", "enum") and " or " in known[0] else ""
    return f"found {found}; expected {one_of}{' or '.join(known)}", remedy


def unknown_field(name: str, known: Sequence[str]) -> tuple[str, str]:
    """For a field that is none."""
    what = f"there is no field {name!r} here"
    near = did_you_mean(name, known)
    if near or not known:
        return what, near
    rest = f" and {len(known) - _MANY} more" if len(known) > _MANY else ""
    return f"{what}; expected {', '.join(known[:_MANY])}{rest}", ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The known name that is nearest, as a question; empty when none is near."""
    by_small = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), by_small, n=1, cutoff=0.6)
    return f"did you mean {by_small[near[0]]!r}?" if near else ""


def show_found(value: Any, written: Mapping[str, str]) -> str:
    """A value as a problem names it; of what came from the environment, the variable."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        text = redact(written.get(value, value))
        return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        names = ", ".join(str(key) for key in list(value)[:5])
        return f"the fields {names}{', ...' if len(value) > 5 else ''}" if value else "no fields"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return str(value) if isinstance(value, int | float) else f"a {type(value).__name__}"


def _expected(error: ErrorDetails) -> str:
    pattern = _EXPECTED.get(error["type"], "")
    context = {
        name: f"{one:g}" if isinstance(one, float) else one for name, one in error.get("ctx", {}).items()
    }
    try:
        return pattern.format(**context)
    except (KeyError, IndexError):
        return ""


def _said(error: ErrorDetails, found: str) -> str:
    """An error of a validator of ours says it itself."""
    context = error.get("ctx", {})
    said = str(context["error"]) if isinstance(context.get("error"), Exception) else error["msg"]
    if found in said or "found" in context or found.startswith(("the fields", "no fields", "a list")):
        return said
    return f"found {found}: {said}"


def _quoted(text: str) -> list[str]:
    return text.split("'")[1::2]
