"""Commits and states as they are read from a region's rows: complete and as they were written, or ``StoreBroken``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow, VersionRow, first_place, revision_of, version_sum
from shoal.blackboard.version import Commit, Version
from shoal.blackboard.version_packing import unpack_version
from shoal.runtime.errors import ProtocolError


class Placed(NamedTuple):
    """A version, and where it is."""

    version: Version
    place: int
    sum: int


def read_version(rows: RegionRows, row: VersionRow) -> Version:
    """The version in a row."""
    place, size, data, found = row
    if version_sum(place, size, data) != found:
        raise rows.broken(f"a version of revision {revision_of(place)} is not what was written")
    try:
        version = unpack_version(data)
    except ProtocolError as exc:
        raise rows.broken(f"a version of revision {revision_of(place)} cannot be read: {exc.text}") from exc
    if version.mod_revision != revision_of(place):
        raise rows.broken(f"a version of revision {version.mod_revision} lies at {revision_of(place)}")
    return version


def read_placed(rows: RegionRows, after: int, until: int) -> Iterator[list[Placed]]:
    """The commits after one revision up to another, none of which may be missing."""
    expected = after
    commit: list[Placed] = []
    size = 0
    for row in rows.versions(first_place(after + 1), first_place(until + 1)):
        version = read_version(rows, row)
        if len(commit) == size:
            if commit:
                yield commit
            expected, commit, size = expected + 1, [], row.size
        if row.place != first_place(expected) + len(commit) or row.size != size:
            raise rows.broken(f"some of revision {expected} is gone")
        commit.append(Placed(version, row.place, row.sum))
    if len(commit) != size or expected != max(after, until):
        raise rows.broken(f"some of revision {expected if len(commit) != size else expected + 1} is gone")
    if commit:
        yield commit


def read_commits(rows: RegionRows, after: int, until: int) -> Iterator[Commit]:
    """As :func:`read_placed`: the versions alone."""
    for commit in read_placed(rows, after, until):
        yield tuple([placed.version for placed in commit])


def state_at(
    rows: RegionRows, region: RegionRow, revision: int, newer: Iterable[Commit] | None = None
) -> dict[str, Version]:
    """What was there at a revision that is not compacted, by key. ``newer``: the commits after it, if they were read.

    Takes time for what is there and for the revisions between it and the snapshot (or the beginning, if it is nearer).
    """
    if revision >= region.snapshot:
        state = _snapshot(rows, region, revision)
        _apply(state, read_commits(rows, region.snapshot, revision))
        return state
    if newer is None and region.trimmed == 0 and revision < region.snapshot - revision:
        state = {}
        _apply(state, read_commits(rows, 0, revision))
        return state
    return _rewound(rows, region, revision, newer or read_commits(rows, revision, region.snapshot))


def _apply(state: dict[str, Version], commits: Iterable[Commit]) -> None:
    for commit in commits:
        for version in commit:
            if version.value is None:
                state.pop(version.key, None)
            else:
                state[version.key] = version


def _snapshot(rows: RegionRows, region: RegionRow, revision: int) -> dict[str, Version]:
    """The snapshot's versions, but for those above the revision."""
    behind = first_place(revision + 1)
    state: dict[str, Version] = {}
    count = total = 0
    for key, named, place, size, data, found in rows.snapshot_versions():
        row = VersionRow(place, size, data, found)
        if named != row.sum:
            raise rows.broken(f"the version of {_text(key)!r} is not the one in the snapshot")
        count += 1
        total ^= named
        if row.place < behind:
            version = read_version(rows, row)
            if version.key.encode() != key or version.value is None:
                raise rows.broken(f"the version of {_text(key)!r} in the snapshot is another's")
            state[version.key] = version
    if count != region.snapshot_rows or total != region.snapshot_sum:
        raise rows.broken("some of the snapshot, or of the versions that it names, is gone")
    return state


def _rewound(
    rows: RegionRows, region: RegionRow, revision: int, newer: Iterable[Commit]
) -> dict[str, Version]:
    """The snapshot as it was at an earlier revision: of what changed since, what was there before."""
    state = _snapshot(rows, region, revision)
    first: dict[bytes, int] = {}
    for later, commit in enumerate(newer, revision + 1):
        if later > region.snapshot:
            break
        for place, version in enumerate(commit, first_place(later)):
            first.setdefault(version.key.encode(), place)
    priors = rows.priors(list(first.items()))
    if len(priors) != len(first):
        raise rows.broken("some of the keys' history is gone")
    wanted = {priors[place]: key for key, place in first.items() if priors[place]}
    found = rows.versions_at(list(wanted))
    if len(found) != len(wanted):
        raise rows.broken("some of the keys' older versions are gone")
    for row in found:
        version = read_version(rows, row)
        if (
            version.key.encode() != wanted[row.place]
            or version.value is None
            or version.mod_revision > revision
        ):
            raise rows.broken(f"the history of {version.key!r} names a wrong version")
        state[version.key] = version
    return state


def _text(key: bytes) -> str:
    return key.decode(errors="replace")
