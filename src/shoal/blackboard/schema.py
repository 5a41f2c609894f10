"""What a region's keys may hold: a model or a native type for each prefix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from shoal.blackboard.errors import InvalidKey, SchemaRefused
from shoal.blackboard.version import Value
from shoal.runtime.codec import NATIVE, decode_as, decode_native, entry_of, tag_of
from shoal.runtime.errors import ConfigError, InvalidMessage


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raises ``ConfigError`` for a prefix or a type that cannot be one."""
    for prefix, kind in schema.items():
        if not prefix.isprintable():
            raise InvalidKey(f"{prefix!r} cannot be a prefix: use printable characters")
        if kind in (None, type(None)):
            continue
        if not isinstance(kind, type) or not (kind in NATIVE or issubclass(kind, BaseModel)):
            raise ConfigError(
                f"schema: {prefix!r} is to hold {kind!r}; give a Pydantic model or one of "
                f"{', '.join(sorted(native.__name__ for native in NATIVE))}"
            )


class Schema:
    """Checks values as they come. One a board."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        check_schema(schema)
        longest_first = sorted(schema.items(), key=lambda pair: -len(pair[0]))
        self._kinds = [(prefix, type(None) if kind is None else kind) for prefix, kind in longest_first]

    def check(self, key: str, value: Value) -> None:
        """Raises :class:`SchemaRefused` for a value that does not fit the longest prefix its key has."""
        for prefix, kind in self._kinds:
            if key.startswith(prefix):
                return _check(key, prefix, kind, value)
        return None


def _check(key: str, prefix: str, kind: type[Any], value: Value) -> None:
    wanted = tag_of(kind)
    if value.tag != wanted and not (wanted == "float" and value.tag == "int"):
        raise SchemaRefused(
            f"{key!r} holds a {wanted}, as all keys under {prefix!r}; this is a {value.tag}", key=key
        )
    try:
        if kind in NATIVE:
            decode_native(value.tag, value.payload)
        else:
            decode_as(entry_of(kind), value.payload)
    except InvalidMessage as exc:
        raise SchemaRefused(f"{key!r} was refused: {exc.text}", key=key) from exc
