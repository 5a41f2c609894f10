"""What follows behind a region's commits, thousands of versions at a time: its snapshot, and deletion of the compacted.

The snapshot stays behind the window that is read when the region is opened, so that nothing has to be taken back from
it then. A region that is compacted all the time is trimmed as its snapshot goes on: the versions that are replaced in
it are those to delete. One that is compacted once in a while is trimmed from what was kept the last time.
"""

from __future__ import annotations

from collections.abc import Iterator

from shoal.blackboard.persistence.ownership import write_region
from shoal.blackboard.persistence.reading import Entry, apply, read_entries, read_kept
from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow, revision_of

CHUNK = 1024
"""Versions at a time, in whole commits."""


def follow(rows: RegionRows, region: RegionRow, window: int, limit: int = CHUNK) -> RegionRow:
    """Do the next ``limit`` versions of what is to be done; returns the region's row."""
    if region.trimmed < min(region.compacted, region.snapshot):
        return _trim(rows, region, limit)
    until = _next_snapshot(region, window)
    return _advance(rows, region, until, limit) if until > region.snapshot else region


def behind(region: RegionRow, window: int) -> int:
    """How many revisions there are to do."""
    return max(
        min(region.compacted, region.snapshot) - region.trimmed,
        _next_snapshot(region, window) - region.snapshot,
    )


def _next_snapshot(region: RegionRow, window: int) -> int:
    """How far the snapshot may go. Where everything so far is trimmed it waits for the next compaction, for a while."""
    until = max(region.head - window, region.compacted)
    if region.trimmed == region.snapshot:
        if region.compacted > region.snapshot:
            return region.compacted
        if region.compacted and until - region.snapshot < 4 * CHUNK:
            return region.snapshot
    return until


def _advance(rows: RegionRows, region: RegionRow, until: int, limit: int) -> RegionRow:
    taken = list(_chunk(rows, region.snapshot, until, limit))
    current = rows.snapshot_of(sorted({entry.key for entry in taken}))
    before = set(current)
    count, total = region.snapshot_rows, region.snapshot_sum
    replaced: list[int] = []
    for key, place, found_sum, alive in taken:
        prior = current.pop(key, None)
        if prior:
            if type(prior[0]) is not int or type(prior[1]) is not int:  # as in version_sum
                raise rows.broken(f"the snapshot's row of {key!r} is not what was written")
            replaced.append(prior[0])
            count, total = count - 1, total ^ prior[1]
        if alive:
            current[key] = (place, found_sum)
            count, total = count + 1, total ^ found_sum
        else:
            replaced.append(place)
    rows.drop_snapshot(sorted(before - current.keys()))
    rows.put_snapshot(sorted([(key, *where) for key, where in current.items()]))
    reached = revision_of(taken[-1].place)
    if region.trimmed == region.snapshot and reached <= region.compacted:
        rows.drop_versions(replaced)
        region = region._replace(trimmed=reached, kept_rows=count, kept_sum=total)
    region = region._replace(snapshot=reached, snapshot_rows=count, snapshot_sum=total)
    write_region(rows, region)
    return region


def _trim(rows: RegionRows, region: RegionRow, limit: int) -> RegionRow:
    """Looks at as many versions as were kept, or more: that they are read each time does not count then."""
    until = min(region.compacted, region.snapshot)
    kept = read_kept(rows, region)
    looked = list(_chunk(rows, region.trimmed, until, max(limit, len(kept))))
    before = {entry.place for entry in kept.values()}
    apply(kept, looked)
    after = {entry.place for entry in kept.values()}
    rows.drop_versions(sorted((before | {entry.place for entry in looked}) - after))
    total = 0
    for entry in kept.values():
        total ^= entry.sum
    reached = revision_of(looked[-1].place)
    region = region._replace(trimmed=reached, kept_rows=len(kept), kept_sum=total)
    write_region(rows, region)
    return region


def _chunk(rows: RegionRows, after: int, until: int, limit: int) -> Iterator[Entry]:
    """About so many versions, in whole commits."""
    at = after
    for entry in read_entries(rows, after, until):
        if revision_of(entry.place) != at:
            if limit <= 0:
                return
            at = revision_of(entry.place)
        yield entry
        limit -= 1
