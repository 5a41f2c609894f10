"""The boards of a run as they were when a task began, put into the directory of its replay.

A region's log keeps every version, so what was there at a time is what was committed until then; the replayed board
goes on from there, at the same revision. What others wrote while the task went on is not there. A region begins empty
where it cannot be had as it was: its oldest history is gone, it is too long, or work of other tasks was open on it,
which agents of the replay would take up.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from shoal.blackboard.errors import BoardError
from shoal.blackboard.persistence import (
    Owner,
    RegionReader,
    open_region_log,
    open_region_reader,
    saved_regions,
)
from shoal.blackboard.version import Commit
from shoal.runtime.config import Config
from shoal.runtime.durable.errors import StoreError

MOST_REVISIONS = 20_000
"""A longer history is not copied: that takes a second, for each task."""
_AT_ONCE = 500
_UNFINISHED = ("open", "claimed")
_OWNER = Owner("replay", "replay", 1, sole=True)


def copy_boards(config: Config, run_dir: Path, until: float, to: Path) -> list[str]:
    """Copy the regions of the run in ``run_dir``, as they were at wall-clock second ``until``, to the run ``to``.

    ``config``: where the run keeps them; ``to`` has files. Returns the names of them all, also of those that begin
    empty. Blocks. Raises ``StoreError`` when the copy cannot be written.
    """
    try:
        regions = saved_regions(config, run_dir)
    except StoreError:
        return []
    for region in regions:
        commits: Sequence[Commit] = ()
        with (
            contextlib.suppress(StoreError, BoardError),
            open_region_reader(config, run_dir, region) as reader,
        ):
            commits = _commits_until(reader, until)
        _write(commits, to, region)
    return regions


def _commits_until(reader: RegionReader, until: float) -> Sequence[Commit]:
    """All commits up to a time; none where those are not to be had, or leave work open."""
    if reader.compacted:
        return ()
    commits: list[Commit] = []
    unfinished: set[str] = set()
    for commit in reader.commits(hidden=True):
        if commit[0].at > until:
            break
        if len(commits) == MOST_REVISIONS:
            return ()
        commits.append(commit)
        for version in commit:
            open_now = version.item is not None and version.item.state in _UNFINISHED
            (unfinished.add if open_now else unfinished.discard)(version.key)
    return commits if not unfinished else ()


def _write(commits: Sequence[Commit], to: Path, region: str) -> None:
    if not commits:
        return
    with contextlib.closing(open_region_log(Config(), to, region)) as log:
        log.open(_OWNER, commits[-1][0].at, 0)
        for part in _parts(commits):
            log.append(part, [], part[-1][0].at)


def _parts(commits: Sequence[Commit]) -> Iterator[list[Commit]]:
    left = iter(commits)
    while part := list(islice(left, _AT_ONCE)):
        yield part
