"""Several processes and one region: writers that are killed, and two runs that want the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shoal.blackboard.errors import RegionInUse
from shoal.blackboard.persistence import Owner, SqliteRegionLog
from shoal.runtime.durable.errors import Fenced, StoreBusy
from tests.blackboard.persistence.logs import EVERYTHING, REGION, RUN
from tests.blackboard.persistence.past import Past

ROOT = Path(__file__).parents[3]


def _kill(directory: Path, kills: int, seed: int) -> int:
    command = [
        sys.executable,
        "-m",
        "tests.blackboard.persistence.kills",
        str(directory),
        str(kills),
        str(seed),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src:."},
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_writers_that_are_killed_at_any_moment_lose_nothing_they_acknowledged(tmp_path: Path) -> None:
    assert _kill(tmp_path, 20, seed=1) > 100


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_after_two_hundred_kills_nothing_that_was_acknowledged_is_lost(tmp_path: Path, seed: int) -> None:
    assert _kill(tmp_path, 200, seed) > 2000


def test_a_region_that_another_run_has_open_is_refused_and_goes_on_being_written(tmp_path: Path) -> None:
    past = Past()
    one, two = (SqliteRegionLog(tmp_path / "main.db", REGION, busy_s=0.05) for _ in range(2))
    one.open(RUN, 100.0, 10)
    with pytest.raises(RegionInUse, match="'run-1'"):
        two.open(Owner("another", "run-2", 1), 101.0, 10)
    one.append([past.put("a")], [], 101.0)
    two.close()
    one.append([past.put("b")], [], 102.0)
    one.close()
    last = SqliteRegionLog(tmp_path / "main.db", REGION)
    assert last.open(Owner("another", "run-2", 1), 103.0, EVERYTHING).commits == past.commits
    last.close()


def test_an_owner_that_wakes_up_late_writes_nothing_and_its_mark_does_no_harm(tmp_path: Path) -> None:
    past, path = Past(), tmp_path / "main.db"
    late, owner = SqliteRegionLog(path, REGION), SqliteRegionLog(path, REGION)
    late.open(RUN, 100.0, 10)
    late.append([past.put("a")], [], 100.0)
    region = late._mark
    owner.open(Owner("another", "run-2", 1), 200.0, 10)
    owner.append([past.put("b")], [], 200.0)
    with pytest.raises(Fenced):
        late.append([Past().put("late")], [], 201.0)
    assert region is not None
    late.close()
    owner.append([past.put("c")], [], 201.0)
    assert owner.open(Owner("another", "run-2", 1), 202.0, EVERYTHING).commits == past.commits
    owner.close()


def test_a_file_that_another_process_keeps_locked_is_busy_and_works_afterwards(tmp_path: Path) -> None:
    past = Past()
    holder, log = (SqliteRegionLog(tmp_path / "main.db", REGION, busy_s=0.01) for _ in range(2))
    log.open(RUN, 1.0, 10)
    first = past.put("a")
    with holder._rows(), pytest.raises(StoreBusy):
        log.append([first], [], 1.0)
    log.append([first], [], 1.0)
    assert log.open(RUN, 1.0, 10).commits == past.commits
    for each in (holder, log):
        each.close()
