"""Commits and states as they are read from a region's rows: complete and as they were written, or ``StoreBroken``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgpack

from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow, VersionRow, first_place, revision_of, version_sum
from shoal.blackboard.version import Commit, Version
from shoal.blackboard.version_packing import unpack_version
from shoal.runtime.errors import ProtocolError


class Entry(NamedTuple):
    """What of a version's row is needed to know what is where: a third of the time that all of it takes."""

    key: bytes
    place: int
    sum: int
    alive: bool
    """Whether it is no deletion."""


def complete_rows(rows: RegionRows, after: int, until: int) -> Iterator[VersionRow]:
    """The versions' rows after one revision up to another, checked; none may be missing."""
    expected = first_place(after + 1)
    for row in rows.versions(expected, first_place(until + 1)):
        place, size, data, found = row
        if place != expected:
            raise _gap(rows, expected)
        if version_sum(place, size, data) != found:
            raise rows.broken(f"a version of revision {revision_of(place)} is not what was written")
        yield row
        expected = place + 1
        if expected - first_place(revision_of(place)) == size:
            expected = first_place(revision_of(place) + 1)
    if expected != first_place(max(after, until) + 1):
        raise _gap(rows, expected)


def read_entries(rows: RegionRows, after: int, until: int) -> Iterator[Entry]:
    """As :func:`complete_rows`."""
    return map(_entry, complete_rows(rows, after, until))


def read_commits(rows: RegionRows, after: int, until: int) -> Iterator[Commit]:
    """As :func:`complete_rows`."""
    commit: list[Version] = []
    for row in complete_rows(rows, after, until):
        commit.append(read_version(rows, row))
        if len(commit) == row.size:
            yield tuple(commit)
            commit = []


def read_version(rows: RegionRows, row: VersionRow) -> Version:
    """The version in a row that was checked."""
    revision = revision_of(row.place)
    try:
        version = unpack_version(row.data)
    except ProtocolError as exc:
        raise rows.broken(f"a version of revision {revision} cannot be read: {exc.text}") from exc
    if version.mod_revision != revision:
        raise rows.broken(f"a version of revision {version.mod_revision} lies at {revision}")
    return version


def read_kept(rows: RegionRows, region: RegionRow) -> dict[bytes, Entry]:
    """What was there at revision ``region.trimmed``, by key."""
    kept: dict[bytes, Entry] = {}
    total = 0
    for row in rows.versions(0, first_place(region.trimmed + 1)):
        if version_sum(row.place, row.size, row.data) != row.sum:
            raise rows.broken(f"a version of revision {revision_of(row.place)} is not what was written")
        entry = _entry(row)
        kept[entry.key] = entry
        total ^= entry.sum
    if len(kept) != region.kept_rows or total != region.kept_sum:
        raise rows.broken(f"some of what is kept of revisions up to {region.trimmed} is gone")
    return kept


def apply(state: dict[bytes, Entry], entries: Iterable[Entry]) -> None:
    """Bring a state up to what came after it."""
    for entry in entries:
        if entry.alive:
            state[entry.key] = entry
        else:
            state.pop(entry.key, None)


def state_at(rows: RegionRows, region: RegionRow, revision: int) -> dict[str, Version]:
    """What was there at a revision that is not compacted, by key.

    From the snapshot on it takes time for what is there; before, for all revisions up to it.
    """
    if revision < region.snapshot:
        return _replayed(rows, region, revision)
    state = snapshot_state(rows, region)
    for commit in read_commits(rows, region.snapshot, revision):
        for version in commit:
            if version.value is None:
                state.pop(version.key, None)
            else:
                state[version.key] = version
    return state


def _replayed(rows: RegionRows, region: RegionRow, revision: int) -> dict[str, Version]:
    entries = read_kept(rows, region)
    apply(entries, read_entries(rows, region.trimmed, revision))
    versions = read_versions_at(rows, [entry.place for entry in entries.values()])
    return {version.key: version for version in versions}


def read_versions_at(rows: RegionRows, places: list[int]) -> list[Version]:
    """The versions at these places, all of which have to be there."""
    found = rows.versions_at(places)
    if len(found) != len(places):
        raise rows.broken("some of its versions are gone")
    for row in found:
        if version_sum(row.place, row.size, row.data) != row.sum:
            raise rows.broken(f"a version of revision {revision_of(row.place)} is not what was written")
    return [read_version(rows, row) for row in found]


def snapshot_state(rows: RegionRows, region: RegionRow) -> dict[str, Version]:
    """What was there at revision ``region.snapshot``, by key; checked as a whole."""
    state: dict[str, Version] = {}
    total = 0
    for key, named, place, size, data, found in rows.snapshot_versions():
        if named != found or version_sum(place, size, data) != found:
            raise rows.broken(f"the version of {key!r} is not what was written")
        version = read_version(rows, VersionRow(place, size, data, found))
        if version.key.encode() != key or version.value is None:
            raise rows.broken(f"the snapshot has another version of {key!r}")
        state[version.key] = version
        total ^= found
    if len(state) != region.snapshot_rows or total != region.snapshot_sum:
        raise rows.broken("some of the snapshot, or of the versions that it names, is gone")
    return state


def _entry(row: VersionRow) -> Entry:
    fields = msgpack.unpackb(row.data, use_list=False)
    return Entry(fields[0].encode(), row.place, row.sum, fields[1] is not None)


def _gap(rows: RegionRows, expected: int) -> Exception:
    return rows.broken(f"some of revision {revision_of(expected)} is gone")
