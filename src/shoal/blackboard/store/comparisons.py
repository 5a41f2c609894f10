"""Comparing values: of a transaction's compares, and of fields for a claim's predicates.

Numbers, texts and bytes have an order, each among themselves; all else is equal or not. What cannot be compared, or
cannot be decoded, does not match: values come from elsewhere, and nothing in one may raise here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, get_args

import msgpack

from shoal.blackboard.operations import Compare, Comparison, Where
from shoal.blackboard.version import Value, Version

COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
assert tuple(COMPARISONS) == get_args(Comparison)
_EQUALITY: Final = frozenset(("==", "!="))
_ORDERED: Final = frozenset(("number", "str", "bytes"))
_KINDS: Final[dict[type, str]] = {int: "number", float: "number", tuple: "list"}
_TAG_KINDS: Final[dict[str, str]] = {"int": "number", "float": "number"}
_UNREADABLE: Final = object()


def is_ordering(comparison: str) -> bool:
    """Whether a comparison asks for an order."""
    return comparison not in _EQUALITY


def can_be_ordered(operand: object) -> bool:
    """Whether an operand is a number, a text or bytes."""
    return _kind(operand) in _ORDERED


def decoded(value: Value) -> Any:
    """What a value's payload holds: of a model its fields, by name. Something no value equals if it is broken."""
    try:
        return msgpack.unpackb(value.payload, strict_map_key=False)
    except Exception:  # msgpack raises ValueError, its own classes, TypeError for a list as a key, ...
        return _UNREADABLE


def compare_holds(compare: Compare, version: Version | None) -> bool:
    """Whether a transaction's condition holds for what is at its key."""
    if compare.target == "value":
        if version is None or version.value is None or isinstance(compare.operand, int):
            return compare.comparison == "!="
        return _values_hold(compare.comparison, version.value, compare.operand)
    number: int = getattr(version, compare.target) if version is not None else 0
    return COMPARISONS[compare.comparison](number, compare.operand)


def compared_bytes(compare: Compare, version: Version | None) -> int:
    """How much may have to be decoded to compare values."""
    if version is None or version.value is None or isinstance(compare.operand, int):
        return 0
    return len(version.value.payload) + len(compare.operand.payload)


def where_holds(where: Where, fields: Any) -> bool:
    """Whether a predicate holds for a value's decoded fields."""
    for name in where.field.split("."):
        if type(fields) is not dict or name not in fields:
            return False
        fields = fields[name]
    return _holds(where.comparison, fields, where.operand)


def _values_hold(comparison: Comparison, left: Value, right: Value) -> bool:
    if comparison in _EQUALITY:
        if left == right:
            return comparison == "=="
        if _TAG_KINDS.get(left.tag, left.tag) != _TAG_KINDS.get(right.tag, right.tag):
            return comparison == "!="
    return _holds(comparison, decoded(left), decoded(right))


def _holds(comparison: Comparison, left: Any, right: Any) -> bool:
    kind = _kind(left)
    if kind != _kind(right) or left is _UNREADABLE:
        return comparison == "!="
    if comparison not in _EQUALITY and kind not in _ORDERED:
        return False
    if type(right) is tuple:
        right = list(right)
    try:
        return bool(COMPARISONS[comparison](left, right))
    except RecursionError:  # lists in lists in lists
        return comparison == "!="


def _kind(value: object) -> str:
    return _KINDS.get(type(value)) or type(value).__name__
