"""Payloads as their msgpack data, without the models they were made from; and that data as JSON, nothing lost.

What JSON has no form for is an object with one name that begins with ``$``::

    {"$bytes": "AAH/"}                  bytes, in base64
    {"$float": "nan"}                   nan, inf, -inf
    {"$map": [[3, "c"], ["d", 4]]}      a map with keys that are no texts, or that looks like one of these
    {"$ext": [5, "AA=="]}               a msgpack extension: its code and bytes
    {"$msgpack": "wQ=="}                a payload that is no msgpack, or nested too deep to be looked at

Floats are written with a point or an exponent, so that 1.0 does not come back as 1.
"""

from __future__ import annotations

import json
import math
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import msgpack

from shoal.runtime.codec import NATIVE_TAGS

_LINE_ENDS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}
DEEPEST = 100
"""Levels of lists and maps that are looked at: nothing that follows recurses deeper."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A payload that cannot be shown as data."""

    payload: bytes
    why: str


def data_of(payload: bytes) -> Any:
    """What a payload holds: what msgpack has, or :class:`Unreadable`. Raises nothing."""
    try:
        data = msgpack.unpackb(payload, strict_map_key=False)
    except Exception:  # msgpack's own classes, ValueError, UnicodeDecodeError, TypeError of a list as a key
        return Unreadable(payload, "no msgpack")
    if _is_deep(data):
        return Unreadable(payload, f"nested deeper than {DEEPEST} levels")
    return data


def type_name(tag: str) -> str:
    """A type for people: the class of a model, ``app.models:Plan`` being ``Plan``; empty for native ones."""
    return "" if tag in NATIVE_TAGS else tag.rpartition(":")[2]


def as_json(data: Any) -> Any:
    """The data as what ``json`` writes; see the module."""
    match data:
        case float() if not math.isfinite(data):
            return {"$float": str(data)}
        case bytes():
            return {"$bytes": _base64(data)}
        case Unreadable():
            return {"$msgpack": _base64(data.payload)}
        case msgpack.Timestamp():
            return {"$ext": [-1, _base64(data.to_bytes())]}
        case msgpack.ExtType():
            return {"$ext": [data.code, _base64(data.data)]}
        case list():
            return [as_json(one) for one in data]
        case dict() if _is_plain(data):
            return {key: as_json(one) for key, one in data.items()}
        case dict():
            return {"$map": [[as_json(key), as_json(one)] for key, one in data.items()]}
    return data


def json_line(record: Any) -> str:
    """One line of JSON, also for those to whom U+2028 and its like end a line."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False).translate(_LINE_ENDS)


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _is_plain(data: dict[Any, Any]) -> bool:
    if not all(type(key) is str for key in data):
        return False
    return not (len(data) == 1 and next(iter(data)).startswith("$"))


def _is_deep(data: Any) -> bool:
    level = [data]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return False
    return True


def _inside(data: Any) -> list[Any]:
    """The lists and maps in one."""
    if type(data) is dict:
        data = data.values()
    elif type(data) is not list:
        return []
    return [one for one in data if type(one) in (list, dict)]
