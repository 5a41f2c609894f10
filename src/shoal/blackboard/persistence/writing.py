"""What is done to a region's rows by its owner. One transaction each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shoal.blackboard.persistence.answer_rows import newest_answers, put_answers
from shoal.blackboard.persistence.ownership import Holding, held, read_region, take, write_region
from shoal.blackboard.persistence.reading import read_commits, state_at
from shoal.blackboard.persistence.region_log import Answer, Owner, Saved
from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import LARGEST_COMMIT, RegionRow, VersionRow, first_place, version_sum
from shoal.blackboard.version import Commit
from shoal.blackboard.version_packing import pack_version
from shoal.runtime.durable.errors import StoreError
from shoal.runtime.packing import Packing


def open_region(
    rows: RegionRows, name: str, owner: Owner, now: float, window: int
) -> tuple[Saved, RegionRow]:
    """See :meth:`RegionLog.open`; also the region's row as it is now."""
    region = take(read_region(rows), name, owner, now)
    oldest = max(region.compacted, region.head - window)
    base = list(state_at(rows, region, oldest).values())
    commits = list(read_commits(rows, oldest, region.head))
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
