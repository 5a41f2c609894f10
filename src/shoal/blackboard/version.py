"""What a region keeps: versions of keys. One version is what one write left at one key.

Values are opaque here: the tag of a message type and its msgpack bytes, as they travel.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

State = Literal["open", "claimed", "done", "dead"]


class Value(NamedTuple):
    """An encoded value: what :func:`shoal.runtime.codec.encode` gives."""

    tag: str
    payload: bytes


class Item(NamedTuple):
    """The state of a work item, at one version of its entry."""

    state: State = "open"
    priority: int = 0
    """Higher ones are claimed first; among equals the oldest."""
    tags: tuple[str, ...] = ()
    """Sorted, no two the same."""
    not_before: float = 0.0
    """Wall-clock second before which it cannot be claimed."""
    depends_on: tuple[str, ...] = ()
    """Keys of items that must be done before."""
    max_attempts: int = 3
    backoff_s: float = 1.0
    """Pause after the first failed attempt; it doubles with each, up to 60 s."""
    attempts: int = 0
    """How often it was claimed, but for those that were given back."""
    token: int = 0
    """Fencing token of the newest claim: the revision at which it was claimed. 0: never."""
    holder: str | None = None
    """Who has it, while it is claimed."""
    lease_s: float = 0.0
    """What the holder's lease is renewed to."""
    errors: tuple[str, ...] = ()
    """Why attempts failed; the last ten."""
    result: Value | None = None


class Version(NamedTuple):
    """One version of a key. A deletion is one with no value and version 0."""

    key: str
    value: Value | None
    create_revision: int
    """Revision at which the key came to be; 0 for a deletion."""
    mod_revision: int
    """Revision of this version."""
    version: int
    """1 for the first value since the key came to be; 0 for a deletion."""
    author: str
    """Address of who wrote it; empty: the board itself, when a lease ran out."""
    message_id: bytes
    """The message that caused it; empty as above."""
    task: str | None
    at: float
    """Wall-clock second."""
    lease: str | None = None
    """The lease it lives as long as."""
    item: Item | None = None
    origin: int = 0
    """The worst origin of what it was made from (:class:`shoal.runtime.provenance.Origin`)."""

    @property
    def deleted(self) -> bool:
        """Whether the key is gone with this version."""
        return self.value is None


class Cause(NamedTuple):
    """Who writes, and because of which message."""

    author: str
    message_id: bytes = b""
    task: str | None = None
    origin: int = 0
    """The worst of what its author had seen."""


Commit = tuple[Version, ...]
"""What one write changed: at least one version, all of one revision, each of another key."""
