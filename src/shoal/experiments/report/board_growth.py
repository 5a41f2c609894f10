"""How a run's board grew: revisions and entries over time, read one commit after the other."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from shoal.blackboard.persistence import RegionReader, saved_regions
from shoal.blackboard.replay.finding import Where, opened
from shoal.experiments.report.staircase import Moment, Staircase
from shoal.experiments.report.working_time import WorkingTime
from shoal.runtime.config import make_config
from shoal.runtime.errors import ShoalError


class Growth(NamedTuple):
    """A region of the board."""

    region: str
    revisions: int
    entries: int
    """At the end, hidden ones (items, leases) too."""
    deletions: int
    moments: tuple[Moment, ...]
    """Seconds of work, revision, entries."""
    problem: str = ""
    """Why it could not be read."""


def board_growth(run_dir: Path, clock: WorkingTime) -> list[Growth]:
    """Each region that the run saved; one that cannot be read says why."""
    found = []
    for region in saved_regions(make_config({}), run_dir):
        try:
            with opened(Where(f"{run_dir.absolute()}/", region=region)) as saved:
                found.append(_growth(region, saved.reader, clock))
        except ShoalError as error:
            found.append(Growth(region, 0, 0, 0, (), error.text))
    return found


def _growth(region: str, reader: RegionReader, clock: WorkingTime) -> Growth:
    compacted = reader.compacted
    entries = sum(1 for _ in reader.entries_at(compacted, hidden=True)) if compacted else 0
    deletions, revision = 0, compacted
    steps = Staircase()
    for commit in reader.commits(hidden=True):
        for version in commit:
            if version.deleted:
                entries -= 1
                deletions += 1
            elif version.version == 1:
                entries += 1
        revision = commit[0].mod_revision
        steps.add((clock.of(commit[0].at), float(revision), float(entries)))
    return Growth(region, revision, entries, deletions, tuple(steps.moments()))
