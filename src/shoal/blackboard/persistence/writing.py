"""What is done to a region's rows: taking it, appending, and the snapshot that follows behind. One transaction each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shoal.blackboard.persistence.answer_rows import newest_answers, put_answers
from shoal.blackboard.persistence.ownership import Holding, held, read_region, take, write_region
from shoal.blackboard.persistence.reading import Placed, read_commits, read_placed, state_at
from shoal.blackboard.persistence.region_log import Answer, Owner, Saved
from shoal.blackboard.persistence.region_rows import HistoryRow, RegionRows
from shoal.blackboard.persistence.rows import LARGEST_COMMIT, RegionRow, VersionRow, first_place, version_sum
from shoal.blackboard.version import Commit
from shoal.blackboard.version_packing import pack_version
from shoal.runtime.durable.errors import StoreError
from shoal.runtime.packing import Packing

CHUNK = 4096
"""Versions that the snapshot takes in at a time, in whole commits."""


def open_region(
    rows: RegionRows, name: str, owner: Owner, now: float, window: int
) -> tuple[Saved, RegionRow]:
    """See :meth:`RegionLog.open`; also the region's row as it is now."""
    region = take(read_region(rows), name, owner, now)
    oldest = max(region.compacted, region.head - window)
    commits = list(read_commits(rows, oldest, region.head))
    base = list(state_at(rows, region, oldest, commits).values())
    answers = newest_answers(rows, region)
    write_region(rows, region)
    return Saved(region.region_id, oldest, base, commits, answers), region


def append(
    rows: RegionRows,
    holding: Holding | None,
    commits: Sequence[Commit],
    answers: Sequence[Answer],
    now: float,
    packing: Packing,
) -> RegionRow:
    """See :meth:`RegionLog.append`; returns the region's row."""
    region = held(rows, holding)
    rows.put_versions(list(_rows_of(commits, region.head, packing)))
    if answers:
        region = put_answers(rows, region, answers)
    region = region._replace(head=region.head + len(commits), beat=float(now))
    write_region(rows, region)
    return region


def _rows_of(commits: Sequence[Commit], head: int, packing: Packing) -> Iterator[VersionRow]:
    for revision, commit in enumerate(commits, head + 1):
        size = len(commit)
        if not 0 < size < LARGEST_COMMIT:
            raise StoreError(f"a commit has {size:,} versions")
        for place, version in enumerate(commit, first_place(revision)):
            if version.mod_revision != revision:
                raise StoreError(
                    f"revision {version.mod_revision} cannot be appended: the next one is {revision}"
                )
            data = pack_version(version, packing)
            yield VersionRow(place, size, data, version_sum(place, size, data))


def set_compacted(rows: RegionRows, holding: Holding | None, revision: int) -> RegionRow:
    """See :meth:`RegionLog.compact`; returns the region's row."""
    region = held(rows, holding)
    if revision > region.head:
        raise StoreError(f"revision {revision} cannot be compacted: the newest is {region.head}")
    region = region._replace(compacted=max(region.compacted, revision))
    write_region(rows, region)
    return region


def set_beat(rows: RegionRows, holding: Holding | None, now: float) -> None:
    """See :meth:`RegionLog.beat`."""
    write_region(rows, held(rows, holding)._replace(beat=float(now)))


def set_closed(rows: RegionRows, holding: Holding) -> RegionRow:
    """The owner gives the region up; returns the region's row."""
    region = held(rows, holding)._replace(closed=1)
    write_region(rows, region)
    return region


def advance_snapshot(rows: RegionRows, region: RegionRow, limit: int = CHUNK) -> RegionRow:
    """Take the commits after the snapshot into it and into ``history``, about ``limit`` versions of them."""
    taken = list(_chunk(read_placed(rows, region.snapshot, region.head), limit))
    keys = [placed.version.key.encode() for placed in taken]
    current = rows.snapshot_of(sorted(set(keys)))
    before = set(current)
    count, total = region.snapshot_rows, region.snapshot_sum
    history: list[HistoryRow] = []
    for key, (version, place, found_sum) in zip(keys, taken, strict=True):
        prior = current.pop(key, None)
        history.append((key, place, prior[0] if prior else 0))
        if prior:
            count, total = count - 1, total ^ prior[1]
        if version.value is not None:
            current[key] = (place, found_sum)
            count, total = count + 1, total ^ found_sum
    rows.put_history(sorted(history))
    rows.drop_snapshot(sorted(before - current.keys()))
    rows.put_snapshot(sorted([(key, place, found_sum) for key, (place, found_sum) in current.items()]))
    reached = taken[-1].version.mod_revision if taken else region.head
    region = region._replace(snapshot=reached, snapshot_rows=count, snapshot_sum=total)
    write_region(rows, region)
    return region


def trim(rows: RegionRows, region: RegionRow, limit: int = CHUNK) -> RegionRow:
    """Delete what compaction made unreadable, looking at about ``limit`` versions.

    That is, of every commit up to the compacted revision: what its versions replaced, and its deletions.
    """
    looked = list(_chunk(read_placed(rows, region.trimmed, min(region.compacted, region.snapshot)), limit))
    places = [(placed.version.key.encode(), placed.place) for placed in looked]
    priors = rows.priors(places)
    if len(priors) != len(places):
        raise rows.broken("some of the keys' history is gone")
    dropped = [(key, priors[place]) for key, place in places if priors[place]]
    dropped += [which for which, placed in zip(places, looked, strict=True) if placed.version.value is None]
    rows.drop_versions([place for _, place in dropped])
    rows.drop_history(dropped)
    if looked:
        region = region._replace(trimmed=looked[-1].version.mod_revision)
        write_region(rows, region)
    return region


def _chunk(commits: Iterator[list[Placed]], limit: int) -> Iterator[Placed]:
    for commit in commits:
        yield from commit
        limit -= len(commit)
        if limit <= 0:
            return
