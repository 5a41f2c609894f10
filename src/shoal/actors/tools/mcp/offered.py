"""A tool as a server offers it now, and the digest that tells whether it was offered otherwise before.

A server can change what it says of a tool after somebody approved it: instructions to the model in a description, an
argument more (called tool poisoning, and rug pull). So what was approved is pinned by name, description and schema.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any, NamedTuple

from shoal.actors.tools.errors import BadArguments

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


class Offered(NamedTuple):
    """What a server says of a tool."""

    name: str
    description: str
    schema: dict[str, Any]
    digest: str


def offered(name: str, description: str, schema: dict[str, Any]) -> Offered:
    """A tool with its digest: the same for the same words, whatever the order of the schema's keys."""
    told = json.dumps([name, description, schema], sort_keys=True, separators=(",", ":"))
    return Offered(name, description, schema, blake2b(told.encode(), digest_size=16).hexdigest())


def check_against(schema: dict[str, Any], arguments: dict[str, Any], tool: str) -> None:
    """Raise :class:`BadArguments` for arguments that are missing, not known, or plainly of another type.

    The rest is the server's to check: its schema is foreign, and reading all of it (references, patterns that never
    end) would put this process into its hands.
    """
    properties = schema.get("properties")
    known: dict[str, Any] = properties if isinstance(properties, dict) else {}
    required = schema.get("required")
    wrong = [
        f"{name}: is missing"
        for name in (required if isinstance(required, list) else ())
        if name not in arguments
    ]
    for name, value in arguments.items():
        if name not in known:
            if schema.get("additionalProperties") is False:
                wrong.append(f"{name}: there is no such argument")
        elif not _fits(known[name], value):
            wrong.append(f"{name}: must be of type {known[name]['type']}, not {json.dumps(value)[:80]}")
    if wrong:
        raise BadArguments(f"wrong arguments for {tool}: {'; '.join(wrong)}", tool=tool)


def _fits(schema: Any, value: Any) -> bool:
    told = schema.get("type") if isinstance(schema, dict) else None
    allowed = _JSON_TYPES.get(told) if isinstance(told, str) else None
    if allowed is None:
        return True
    if isinstance(value, bool):
        return bool in allowed
    return isinstance(value, allowed) or (
        told == "integer" and isinstance(value, float) and value.is_integer()
    )
