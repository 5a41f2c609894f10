"""One key's versions as they are read from a region's rows: none left out, or ``StoreBroken``.

The chain of priors shows it: each version names the place of the one that it replaced, and the snapshot names the last.
"""

from __future__ import annotations

from typing import NamedTuple

from shoal.blackboard.errors import Compacted
from shoal.blackboard.persistence.reading import read_commits, read_version
from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow, first_place, revision_of
from shoal.blackboard.version import Version

PAGE = 1000


def version_at(rows: RegionRows, region: RegionRow, key: str, revision: int) -> Version | None:
    """What was at a key at a revision that is not compacted."""
    found: Version | None = None
    later = False
    for commit in read_commits(rows, region.snapshot, max(revision, region.snapshot)):
        for version in commit:
            if version.key == key:
                found, later = version, True
    if later:
        return None if found is None or found.deleted else found
    packed, behind = key.encode(), first_place(min(revision, region.snapshot) + 1)
    entry = rows.history_before(packed, behind)
    if entry is not None:
        (found,) = _versions(rows, packed, [entry[0]])
    standing = entry[0] if entry is not None and found is not None and not found.deleted else 0
    following = rows.history(packed, behind, 1)
    expected = following[0][1] if following else _in_snapshot(rows, packed)
    if standing != expected:
        raise _gap(rows, key)
    return found if standing else None


class Cursor(NamedTuple):
    """How far a key's history was read."""

    place: int
    """The next version is at this place or behind."""
    standing: int | None = None
    """Place of the version read last; 0: a deletion, or nothing was there; ``None``: not known yet."""
    trimmed: int | None = None
    """What was deleted when reading began."""
    ended: bool = False


def history_page(
    rows: RegionRows, region: RegionRow, key: str, cursor: Cursor
) -> tuple[list[Version], Cursor]:
    """The key's next versions, deletions too, oldest first. Raises :class:`Compacted` when some were just deleted."""
    if cursor.trimmed is not None and region.trimmed != cursor.trimmed:
        raise Compacted(
            f"revisions up to {region.compacted} were compacted while the history of {key!r} was read",
            oldest=region.compacted,
        )
    packed = key.encode()
    standing = cursor.standing
    entries = rows.history(packed, cursor.place, PAGE)
    if standing is None:
        standing = _standing_before(rows, region, packed, cursor.place, entries)
    versions = _versions(rows, packed, [place for place, _ in entries])
    for (place, prior), version in zip(entries, versions, strict=True):
        if prior != standing:
            raise _gap(rows, key)
        standing = 0 if version.deleted else place
    if len(entries) == PAGE:
        return versions, Cursor(entries[-1][0] + 1, standing, region.trimmed)
    if standing != _in_snapshot(rows, packed):
        raise _gap(rows, key)
    after = max(region.snapshot, revision_of(cursor.place) - 1)
    for commit in read_commits(rows, after, region.head):
        versions += [version for version in commit if version.key == key]
    return versions, Cursor(first_place(region.head + 1), None, region.trimmed, ended=True)


def _standing_before(
    rows: RegionRows, region: RegionRow, key: bytes, place: int, entries: list[tuple[int, int]]
) -> int:
    """What the first entry read has to name as its prior."""
    entry = rows.history_before(key, place)
    if entry is not None:
        (version,) = _versions(rows, key, [entry[0]])
        return 0 if version.deleted else entry[0]
    if entries and revision_of(entries[0][0]) <= region.trimmed:
        return entries[0][1]  # the one before it was deleted when it was compacted
    return 0


def _versions(rows: RegionRows, key: bytes, places: list[int]) -> list[Version]:
    found = {row.place: row for row in rows.versions_at(places)}
    if len(found) != len(places):
        raise _gap(rows, key.decode())
    versions = [read_version(rows, found[place]) for place in places]
    if any(version.key.encode() != key for version in versions):
        raise rows.broken(f"the history of {key.decode()!r} names another key's versions")
    return versions


def _in_snapshot(rows: RegionRows, key: bytes) -> int:
    found = rows.snapshot_of([key]).get(key)
    return found[0] if found else 0


def _gap(rows: RegionRows, key: str) -> Exception:
    return rows.broken(f"some of the history of {key!r} is gone")
