"""A JSON schema as OpenAI's strict mode takes it, where nothing is lost by that. Pure.

Strict mode has the server hold every token to the schema, but knows a part of JSON schema only: each object closed, all
of its properties required (https://platform.openai.com/docs/guides/structured-outputs). Both only narrow a schema, so
an answer that fits the strict one fits the original. What cannot be said so (maps with free keys, ``oneOf``, ``allOf``,
limits on the length of strings, ...) is never bent: then there is no strict schema, and the original is sent as it is.
"""

from __future__ import annotations

from typing import Any

_DROPPED = frozenset(
    ("default", "examples", "title", "deprecated", "readOnly", "writeOnly", "$schema", "$id", "$comment")
)
"""Annotations: they allow and forbid nothing."""

_KEPT = frozenset(
    (
        "type",
        "enum",
        "const",
        "description",
        "$ref",
        "pattern",
        "format",
        "minItems",
        "maxItems",
        "multipleOf",
    )
)
_LIMITS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"))
_FORMATS = frozenset(("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"))
_DEPTH = 10
"""Levels that strict mode takes."""


class _NotStrict(Exception):
    """Something in it has no strict form."""


def strict_schema(schema: dict[str, Any]) -> dict[str, Any] | None:
    """The schema in strict form; ``None`` where it has none. The argument is left as it is."""
    try:
        strict = _adapted(_rooted(schema), 0)
    except _NotStrict:
        return None
    return strict if strict.get("type") == "object" and "properties" in strict else None


def _rooted(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that is nothing but a reference, as Pydantic writes that of a recursive model, with what it refers to in
    its place: strict mode wants an object at the root."""
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    parts = schema.get("$defs")
    root = parts.get(name) if isinstance(parts, dict) else None
    return {**root, "$defs": parts} if isinstance(root, dict) and set(schema) == {"$ref", "$defs"} else schema


def _adapted(schema: Any, depth: int) -> dict[str, Any]:
    if not isinstance(schema, dict) or depth > _DEPTH:
        raise _NotStrict
    adapted: dict[str, Any] = {}
    for word, value in schema.items():
        if word in _DROPPED:
            continue
        adapted[word] = _adapted_word(word, value, depth)
    if "$ref" in adapted and set(adapted) - {"$ref", "description"}:
        raise _NotStrict
    if not adapted.keys() & {"type", "enum", "const", "anyOf", "$ref"}:
        raise _NotStrict  # whatever fits: strict mode wants to know
    return _closed(adapted) if adapted.get("type") == "object" else adapted


def _adapted_word(word: str, value: Any, depth: int) -> Any:
    if word in ("properties", "$defs", "definitions"):
        if not isinstance(value, dict):
            raise _NotStrict
        # A property may well be called "title" or "default": names are not words of the schema.
        return {name: _adapted(part, depth + 1) for name, part in value.items()}
    if word == "items":
        return _adapted(value, depth + 1)
    if word == "anyOf" and isinstance(value, list) and value:
        return [_adapted(part, depth) for part in value]
    if word == "required" or (word == "additionalProperties" and value is False):
        return value
    if (
        word not in _KEPT | _LIMITS
        or (word == "format" and value not in _FORMATS)
        or (word == "type" and not _is_type(value))
    ):
        raise _NotStrict
    return value


def _is_type(value: Any) -> bool:
    """One type, or one of several simple ones: an object among several could not be closed."""
    return isinstance(value, str) or (
        isinstance(value, list) and not {"object", "array"} & set(map(str, value))
    )


def _closed(adapted: dict[str, Any]) -> dict[str, Any]:
    properties = adapted.get("properties")
    if not properties:
        raise _NotStrict  # an object with free keys
    return {**adapted, "required": list(properties), "additionalProperties": False}
