"""The full check of a region's rows: each is what was written, and all tables say the same."""

from __future__ import annotations

from shoal.blackboard.persistence.answer_rows import newest_answers
from shoal.blackboard.persistence.reading import Placed, read_placed, read_version, state_at
from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow, first_place

_CHUNK = 4096


def check_all(rows: RegionRows, region: RegionRow) -> None:
    """Raises ``StoreBroken`` when anything is missing, altered or too much."""
    standing = _check_kept(rows, region)
    chunk: list[Placed] = []
    for commit in read_placed(rows, region.trimmed, region.snapshot):
        chunk += commit
        if len(chunk) >= _CHUNK:
            _check_history(rows, standing, chunk)
            chunk = []
    _check_history(rows, standing, chunk)
    if standing != {key: place for key, place, _ in rows.snapshot()}:
        raise rows.broken("the snapshot is not the state that its commits led to")
    state_at(rows, region, region.head)
    newest_answers(rows, region)
    for _ in rows.versions(first_place(region.head + 1), first_place(1 << 42)):
        raise rows.broken("there are versions above its newest revision")


def _check_kept(rows: RegionRows, region: RegionRow) -> dict[bytes, int]:
    """What is left of compacted revisions: by key, the place of the one version that was there at the end of them."""
    kept: dict[bytes, int] = {}
    for row in rows.versions(0, first_place(region.trimmed + 1)):
        version = read_version(rows, row)
        key = version.key.encode()
        if key in kept or version.value is None:
            raise rows.broken(f"a version of {version.key!r} is there that was compacted away")
        kept[key] = row.place
    found = rows.priors(list(kept.items()))
    if len(found) != len(kept):
        raise rows.broken("some of the keys' history is gone")
    return kept


def _check_history(rows: RegionRows, standing: dict[bytes, int], chunk: list[Placed]) -> None:
    expected: dict[int, int] = {}
    versions: list[tuple[bytes, int]] = []
    for version, place, _ in chunk:
        key = version.key.encode()
        versions.append((key, place))
        expected[place] = standing.pop(key, 0)
        if version.value is not None:
            standing[key] = place
    if rows.priors(versions) != expected:
        raise rows.broken("some of the keys' history is gone, or not what was written")
