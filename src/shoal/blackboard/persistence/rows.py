"""What a region's tables hold, and how its rows are checked. Pure.

A version's *place* is its revision and its position within the commit in one number: places grow as versions do.

- ``region``: one row, the owner and how far everything has come.
- ``versions``: each version at its place, as :mod:`~shoal.blackboard.version_packing` packs it, and how many its
  commit has. Revisions and positions without a gap show that nothing is missing. Of revisions up to ``region.trimmed``
  only those versions are kept that were there at the end of them: the region's row has their count and the exclusive
  or of their checksums.
- ``snapshot``: of each key that was there at revision ``region.snapshot``, the place and checksum of its version. The
  region's row has their count and the exclusive or of the checksums, too.
- ``answers``: what messages were answered, several in a row.

A commit is written to ``versions`` alone, at the end of the table. The snapshot follows behind, thousands of versions
at a time in the order of keys: with each commit it would cost several times as much as all the rest (and a table of
each key's history ten times; 64 puts of random keys among 100,000 took 3.0 ms with both). A key's history is looked
for among all versions instead, by those who read a run's files.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

from shoal.runtime.durable.sqlite_file import row_sum

_POSITION_BITS = 20
LARGEST_COMMIT = 1 << _POSITION_BITS
"""Versions that a commit may have."""


def first_place(revision: int) -> int:
    """The place of a revision's first version; that of the revision after it is behind all of its versions."""
    return revision << _POSITION_BITS


def revision_of(place: int) -> int:
    """The revision of the version at a place."""
    return place >> _POSITION_BITS


class VersionRow(NamedTuple):
    """A row of ``versions``."""

    place: int
    size: int
    """Versions in its commit."""
    data: bytes
    sum: int


class RegionRow(NamedTuple):
    """The row of ``region``."""

    region_id: str
    session: str
    name: str
    generation: int
    epoch: int
    """Grows each time somebody takes the region: of two owners, the one with the higher epoch has it."""
    beat: float
    """When the owner was last heard from."""
    closed: int
    """1: the owner gave it up."""
    head: int = 0
    """The newest revision."""
    compacted: int = 0
    """Nothing below can be read."""
    trimmed: int = 0
    """As far as what was compacted is deleted."""
    snapshot: int = 0
    """The revision of which ``snapshot`` is the state."""
    snapshot_rows: int = 0
    snapshot_sum: int = 0
    kept_rows: int = 0
    """Versions that are left of what was trimmed."""
    kept_sum: int = 0
    answered: int = 0
    """Answers that were given in all."""
    answer_bytes: int = 0
    """And the bytes of their replies."""


def checksum(*columns: Any) -> int:
    """63 bits that tell whether a row is still what was written."""
    return int.from_bytes(row_sum(*columns), "big") >> 1


def version_sum(place: int, size: int, data: bytes) -> int:
    """As :func:`checksum`, for a version's row: there are many of them. -1 when columns are not of these types."""
    try:
        content = b"%d %d " % (place, size) + data
    except TypeError:  # in a damaged SQLite file each value may be of any type
        return -1
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big") >> 1
