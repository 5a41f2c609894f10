"""Entries as users see them: values decoded, one class for what is there and one for what happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from shoal.blackboard.errors import ValueRefused
from shoal.blackboard.results import Written
from shoal.blackboard.version import Item, Value, Version
from shoal.runtime.codec import NATIVE, decode, decode_as, decode_native, encode, entry_of
from shoal.runtime.config import MIB
from shoal.runtime.errors import InvalidMessage, MessageError
from shoal.runtime.provenance import Origin

T = TypeVar("T", covariant=True)
_MOST_BYTES = 64 * MIB


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A key and what it holds at one revision."""

    key: str
    value: T
    revision: int
    """Of its last change: what ``expected`` of a write compares with."""
    create_revision: int
    version: int
    """1 for its first value; counts its changes."""
    author: str
    """Address of who wrote it."""
    message_id: bytes
    """The message that its author was handling, or (for the client) the write's own."""
    task: str | None
    at: float
    """Wall-clock second."""
    lease: str | None = None
    item: Item | None = None
    """The state of a work item."""
    origin: Origin = Origin.TRUSTED
    """The worst origin of what it was made from; who reads it has seen that."""

    def result(self, kind: Any = Any) -> Any:
        """The result of a work item that is done; ``None`` before. Raises ``InvalidMessage`` for another type."""
        if self.item is None or self.item.result is None:
            return None
        return decode_value(self.item.result, kind)


@dataclass(frozen=True, slots=True)
class Event(Generic[T]):
    """A change of a key, as a watch tells it."""

    kind: Literal["put", "delete"]
    key: str
    revision: int
    author: str
    """Empty: a lease ran out."""
    message_id: bytes
    task: str | None
    at: float
    entry: Entry[T] | None
    """What is there now; ``None`` for a deletion."""

    @property
    def value(self) -> T | None:
        """The value that was put; ``None`` for a deletion."""
        return self.entry.value if self.entry is not None else None


class Entries(list[Entry[T]]):
    """A range: entries in the order that was asked for."""

    def __init__(self, entries: list[Entry[T]], revision: int, more: bool) -> None:
        super().__init__(entries)
        self.revision = revision
        """At which it was read: a watch from ``revision + 1`` goes on without a gap."""
        self.more = more
        """Whether the limit cut it off."""


def encode_value(value: Any) -> Value:
    """Raises :class:`ValueRefused` for what is neither a Pydantic model nor a msgpack-native value."""
    try:
        return Value(*encode(value, _MOST_BYTES))
    except MessageError as exc:
        raise ValueRefused(exc.text) from exc


def decode_value(value: Value, kind: Any = Any) -> Any:
    """The value as ``kind``: a model or a native type; ``Any``: as what it was put, if that model is loaded here.

    Raises ``InvalidMessage`` for a value of another type, ``UnknownMessage`` when no loaded model has its tag.
    """
    if kind is Any or kind is object:
        return decode(value.tag, value.payload)
    if kind in NATIVE:
        tag = NATIVE[kind]
        if value.tag != tag and not (tag == "float" and value.tag == "int"):
            raise InvalidMessage(f"the value is a {value.tag}, not a {tag}")
        return (
            kind(decode_native(value.tag, value.payload))
            if tag == "float"
            else decode_native(tag, value.payload)
        )
    model = entry_of(kind)
    if value.tag not in (model.tag, "dict"):
        raise InvalidMessage(f"the value is a {value.tag}, not a {model.tag}")
    return decode_as(model, value.payload)


def entry_from(version: Version, kind: Any = Any) -> Entry[Any]:
    """The entry that a version is; it must not be a deletion."""
    assert version.value is not None
    return _entry(version, decode_value(version.value, kind))


def written_entry(written: Written, value: Any) -> Entry[Any]:
    """The entry that a put or post of this value left: the board does not send it back."""
    assert written.version is not None
    return _entry(written.version, value)


def _entry(version: Version, value: Any) -> Entry[Any]:
    return Entry(
        version.key, value, version.mod_revision, version.create_revision, version.version, version.author,
        version.message_id, version.task, version.at, version.lease, version.item, Origin(version.origin),
    )  # fmt: skip


def event_from(version: Version, kind: Any = Any) -> Event[Any]:
    """The event that a version is."""
    entry = None if version.deleted else entry_from(version, kind)
    return Event(
        "delete" if version.deleted else "put", version.key, version.mod_revision, version.author,
        version.message_id, version.task, version.at, entry,
    )  # fmt: skip
