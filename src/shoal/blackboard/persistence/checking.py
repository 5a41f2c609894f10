"""The full check of a region's rows: each is what was written, and all tables say the same."""

from __future__ import annotations

from shoal.blackboard.persistence.answer_rows import newest_answers
from shoal.blackboard.persistence.reading import (
    apply,
    read_commits,
    read_entries,
    read_kept,
    read_versions_at,
    state_at,
)
from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow, first_place

_LAST = first_place(1 << 43) - 1


def check_all(rows: RegionRows, region: RegionRow) -> None:
    """Raises ``StoreBroken`` when anything is missing, altered or too much. Takes time for all of history."""
    state = read_kept(rows, region)
    read_versions_at(rows, [entry.place for entry in state.values()])
    for _ in read_commits(rows, region.trimmed, region.head):
        pass
    apply(state, read_entries(rows, region.trimmed, region.snapshot))
    if {(entry.key, entry.place, entry.sum) for entry in state.values()} != set(rows.snapshot()):
        raise rows.broken("the snapshot is not the state that its commits led to")
    state_at(rows, region, region.head)
    newest_answers(rows, region)
    for _ in rows.versions(first_place(region.head + 1), _LAST):
        raise rows.broken("there are versions above its newest revision")
