"""One key's versions, found among all there are: for those who look at a run's files, not for its board."""

from __future__ import annotations

from shoal.blackboard.persistence.reading import read_entries, read_kept, read_versions_at, snapshot_state
from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow, revision_of
from shoal.blackboard.version import Version


def versions_of(rows: RegionRows, region: RegionRow, key: str, after: int, until: int) -> list[Version]:
    """A key's versions that are kept after one revision up to another, deletions too, oldest first."""
    packed = _packed(key)
    places: list[int] = []
    if after < region.trimmed:
        kept = read_kept(rows, region).get(packed)
        if kept is not None and revision_of(kept.place) > after:
            places.append(kept.place)
    start = max(after, region.trimmed)
    places += [entry.place for entry in read_entries(rows, start, until) if entry.key == packed]
    return read_versions_at(rows, places)


def last_of(rows: RegionRows, region: RegionRow, key: str, revision: int) -> Version | None:
    """What was at a key at a revision that is not compacted: from the snapshot on, without reading what was before."""
    packed = _packed(key)
    if revision < region.snapshot:
        start, entry = region.trimmed, read_kept(rows, region).get(packed)
        place = None if entry is None else entry.place
    else:
        start, place = region.snapshot, _place_in_snapshot(rows, region, packed)
    for later in read_entries(rows, start, revision):
        if later.key == packed:
            place = later.place if later.alive else None
    return None if place is None else read_versions_at(rows, [place])[0]


def _place_in_snapshot(rows: RegionRows, region: RegionRow, key: bytes) -> int | None:
    found = rows.snapshot_of([key]).get(key)
    if found is None:
        snapshot_state(rows, region)  # a row that is gone looks like a key that is not there
        return None
    (version,) = read_versions_at(rows, [found[0]])
    if version.key.encode() != key or version.value is None:
        raise rows.broken(f"the snapshot has another version of {key.decode()!r}")
    return found[0]


def _packed(key: str) -> bytes:
    """A key that cannot be encoded is nowhere, and that is the answer."""
    return key.encode(errors="surrogatepass")
