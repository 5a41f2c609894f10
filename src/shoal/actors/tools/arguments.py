"""Reads the arguments of a call as the model wrote them: JSON that may be anything."""

from __future__ import annotations

import json
from typing import Any

from shoal.actors.tools.errors import BadArguments


def read_arguments(text: str, tool: str, limit: int) -> dict[str, Any]:
    """The object that the text is; no text at all is an empty one.

    Raises :class:`BadArguments`, in words a model can act on: too long, no JSON (and where), no object, a name twice
    (two readers would take different ones), or a number that JSON has not (``NaN``).
    """
    if len(text) > limit:
        raise BadArguments(
            f"the arguments of {tool} are {len(text):,} characters; the limit is {limit:,}. Say less",
            tool=tool,
        )
    try:
        # Not strict: models write line breaks into texts as they are.
        found = json.loads(text or "{}", object_pairs_hook=_object, parse_constant=_constant, strict=False)
    except json.JSONDecodeError as error:
        near = text[max(0, error.pos - 20) : error.pos + 20]
        raise BadArguments(
            f"the arguments of {tool} are no JSON: {error.msg} at character {error.pos}, near {near!r}",
            tool=tool,
        ) from None
    except RecursionError:
        raise BadArguments(f"the arguments of {tool} are nested too deep", tool=tool) from None
    except ValueError as error:
        raise BadArguments(f"the arguments of {tool} are no JSON: {error}", tool=tool) from None
    if not isinstance(found, dict):
        kind = "an array" if isinstance(found, list) else repr(found)[:40]
        raise BadArguments(f"the arguments of {tool} must be one JSON object, not {kind}", tool=tool)
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is given twice")
        found[name] = value
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")
