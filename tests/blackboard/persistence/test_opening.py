"""Where regions are kept, as a run's configuration says."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoal.blackboard.errors import RegionUnknown
from shoal.blackboard.persistence import (
    PostgresRegionLog,
    SqliteRegionLog,
    open_region_log,
    open_region_reader,
    region_path,
    saved_regions,
)
from shoal.runtime.config import Config
from shoal.runtime.durable.errors import StoreError
from tests.blackboard.persistence.logs import RUN
from tests.blackboard.persistence.past import Past
from tests.runtime.durable.stores import HAS_POSTGRES, database


def test_each_region_has_a_file_of_its_own_that_only_its_owner_may_read(tmp_path: Path) -> None:
    names = ["main", "team/é", "a.b", "..", "100%"]
    for name in names:
        log = open_region_log(Config(), tmp_path, name)
        assert isinstance(log, SqliteRegionLog)
        assert log.quick
        log.open(RUN, 1.0, 10)
        log.append([Past().put(name)], [], 1.0)
        log.close()
        path = region_path(tmp_path, name)
        assert path.parent == tmp_path / "boards"
        for file in (path, path.with_name(f"{path.name}-head")):
            assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "boards").stat().st_mode & 0o777 == 0o700
    assert saved_regions(Config(), tmp_path) == sorted(names)
    for name in names:
        with open_region_reader(Config(), tmp_path, name) as reader:
            assert [version.key for version in reader.entries_at()] == [name]


def test_writes_wait_for_the_disk_where_that_is_asked_for(tmp_path: Path) -> None:
    for power, level in ((False, 1), (True, 2)):
        log = open_region_log(Config(), tmp_path, "main", power=power)
        assert isinstance(log, SqliteRegionLog)
        with log._file.read() as connection:
            assert connection.execute("PRAGMA synchronous").fetchone()[0] == level
        log.close()


def test_a_run_without_regions_has_none(tmp_path: Path) -> None:
    assert saved_regions(Config(), tmp_path) == []
    with pytest.raises(RegionUnknown, match="main"):
        open_region_reader(Config(), tmp_path, "main")
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_the_directory_should_be_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "boards").write_text("in the way")
    with pytest.raises(StoreError, match="boards"):
        open_region_log(Config(), tmp_path, "main")
    with pytest.raises(StoreError, match="too long"):
        open_region_log(Config(), tmp_path / "other", "x" * 300)


@pytest.mark.skipif(not HAS_POSTGRES, reason="no PostgreSQL: see the durable stores' tests")
def test_with_a_database_regions_of_runs_are_kept_apart_in_it(tmp_path: Path) -> None:
    config = Config(state_store=database())
    for run in ("one", "two"):
        log = open_region_log(config, tmp_path / f"{tmp_path.name}-{run}", "main")
        assert isinstance(log, PostgresRegionLog)
        assert log.open(RUN, 1.0, 10).commits == []
        log.append([Past().put(run)], [], 1.0)
        log.close()
        run_dir = tmp_path / f"{tmp_path.name}-{run}"
        assert saved_regions(config, run_dir) == ["main"]
        with open_region_reader(config, run_dir, "main") as reader:
            assert [version.key for version in reader.entries_at()] == [run]
        with pytest.raises(RegionUnknown):
            open_region_reader(config, run_dir, "other")
    assert list(tmp_path.iterdir()) == []
