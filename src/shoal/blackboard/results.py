"""What operations answer, as data."""

from __future__ import annotations

from typing import NamedTuple, Union

from shoal.blackboard.version import Version


class Written(NamedTuple):
    """A write was done (or was not needed: then ``revision`` is the newest one of the region)."""

    revision: int
    version: Version | None = None
    """What is at the key now, for writes of one key that leave something there."""
    deleted: int = 0
    """Keys that were deleted, by :class:`Delete`, :class:`DeletePrefix` and :class:`Revoke`."""


class Found(NamedTuple):
    """The version of one key; ``None``: it is not there."""

    revision: int
    """At which it was read."""
    version: Version | None


class Page(NamedTuple):
    """Versions of several keys, or of one key's history."""

    revision: int
    versions: tuple[Version, ...]
    more: bool = False
    """Whether the limit cut it off."""


class Difference(NamedTuple):
    """A key that differs between two revisions; ``None``: it is not there then."""

    key: str
    before: Version | None
    after: Version | None


class Differences(NamedTuple):
    """All keys that differ, in order."""

    differences: tuple[Difference, ...]


class Claimed(NamedTuple):
    """A claim's item; ``None``: nothing can be claimed now."""

    revision: int
    version: Version | None


class Decided(NamedTuple):
    """A transaction's answer: whether its compares held, and one result a step."""

    revision: int
    succeeded: bool
    results: tuple[Written | Found | Page, ...]


Result = Union[Written, Found, Page, Differences, Claimed, Decided]  # noqa: UP007 - a name to unpack by
