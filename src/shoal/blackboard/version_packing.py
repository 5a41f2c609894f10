"""Versions as msgpack, and back: as they travel, and as a region's log keeps them.

::

    version     [key, value, create, mod, version, author, message id, task, at, lease, item, origin]
    value       [tag, payload]
    item        its fields in their order

Whatever else comes in, a field too many or of another type, is a :class:`~shoal.runtime.errors.ProtocolError`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgpack

from shoal.blackboard.shape import BYTES, LIST, NONE, NUMBER, TEXT, WHOLE, Shape, check_texts
from shoal.blackboard.version import Item, Value, Version
from shoal.runtime.errors import ProtocolError
from shoal.runtime.packing import LARGE_BYTES, Packing
from shoal.runtime.provenance import WORST

_packing = Packing()
_STATES = frozenset({"open", "claimed", "done", "dead"})
_ITEM = Shape(
    "an item",
    TEXT,
    WHOLE,
    LIST,
    NUMBER,
    LIST,
    WHOLE,
    NUMBER,
    WHOLE,
    WHOLE,
    TEXT | NONE,
    NUMBER,
    LIST,
    LIST | NONE,
)
_VERSION = Shape(
    "a version",
    TEXT,
    LIST | NONE,
    WHOLE,
    WHOLE,
    WHOLE,
    TEXT,
    BYTES,
    TEXT | NONE,
    NUMBER,
    TEXT | NONE,
    LIST | NONE,
    WHOLE,
)


def pack_version(version: Version, packing: Packing = _packing) -> bytes:
    """A version's bytes. ``packing``: a packer of one's own, for those who pack in another thread."""
    return pack_fields(version, packing)


def unpack_version(data: bytes | memoryview) -> Version:
    """The version of :func:`pack_version`. Raises :class:`ProtocolError` for anything else."""
    version: Version = read_fields(data, "version", version_of)
    return version


def pack_versions(versions: Sequence[Version]) -> bytes:
    """Several versions' bytes."""
    return pack_fields(versions)


def unpack_versions(data: bytes | memoryview) -> tuple[Version, ...]:
    """The versions of :func:`pack_versions`. Raises :class:`ProtocolError` for anything else."""
    versions: tuple[Version, ...] = read_fields(data, "list of versions", versions_of)
    return versions


def version_of(fields: Any) -> Version:
    """The version with these fields, lists being tuples. Raises :class:`ValueError` or :class:`TypeError`."""
    key, value, create, mod, version, author, message_id, task, at, lease, item, origin = _VERSION.check(
        fields
    )
    if value is None:
        consistent = create == 0 and version == 0 and mod > 0
    else:
        value = value_of(value)
        consistent = 0 < create <= mod and version > 0
    if not consistent:
        raise ValueError(f"the revisions of a version of {key!r} do not fit each other")
    if item is not None:
        item = _item_of(item)
    if not 0 <= origin <= WORST:
        raise ValueError(f"a version of {key!r} is of no known origin: {origin}")
    return Version(key, value, create, mod, version, author, message_id, task, at, lease, item, origin)


def optional_version_of(fields: Any) -> Version | None:
    """As :func:`version_of`; ``None`` stays what it is."""
    return None if fields is None else version_of(fields)


def versions_of(fields: Any) -> tuple[Version, ...]:
    """The versions with these fields."""
    if type(fields) is not tuple:
        raise ValueError("versions that are no list")
    return tuple([version_of(version) for version in fields])


def value_of(fields: tuple[Any, ...]) -> Value:
    """The value with these two fields."""
    tag, payload = fields
    if type(tag) is not str or type(payload) is not bytes:
        raise ValueError("a value is no tag and payload")
    return Value(tag, payload)


def _item_of(fields: Any) -> Item:
    (
        state, priority, tags, not_before, depends_on, max_attempts, backoff_s, attempts, token, holder, lease_s,
        errors, result,
    ) = _ITEM.check(fields)  # fmt: skip
    if state not in _STATES:
        raise ValueError(f"{state!r} is no state of an item")
    return Item(
        state, priority, check_texts(tags), not_before, check_texts(depends_on), max_attempts, backoff_s, attempts,
        token, holder, lease_s, check_texts(errors), None if result is None else value_of(result),
    )  # fmt: skip


def pack_fields(fields: Any, packing: Packing = _packing) -> bytes:
    """msgpack of anything native. Raises what msgpack raises."""
    packed = packing.pack(fields)
    if len(packed) > LARGE_BYTES:
        packing.renew()
    return packed


def read_fields(data: bytes | memoryview, what: str, make: Callable[[Any], Any]) -> Any:
    """What ``make`` makes of unpacked fields. Raises :class:`ProtocolError` when it cannot."""
    try:
        return make(msgpack.unpackb(data, use_list=False))
    except Exception as exc:  # msgpack's own classes, ValueError, TypeError, UnicodeDecodeError
        reason = f"{type(exc).__name__}: {exc}"
    raise ProtocolError(f"{len(data):,} bytes are no {what} of ours ({reason})")
