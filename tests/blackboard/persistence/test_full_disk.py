"""A disk that is full, or that cannot be written: said so, nothing acknowledged lost, and going on afterwards."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shoal.blackboard.persistence import (
    Answer,
    RegionLog,
    SqliteRegionLog,
    open_region_log,
    open_region_reader,
)
from shoal.runtime.config import Config
from shoal.runtime.durable.errors import StoreError, StoreFull
from tests.blackboard.persistence.logs import EVERYTHING, REGION, RUN
from tests.blackboard.persistence.past import Past
from tests.runtime.durable.full_disk import write_until_full

Mount = Callable[[str], Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a small file system in memory, or mounts it again with other options."""
    small = tmp_path / "small"
    small.mkdir()

    def mount_it(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(small)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this machine does not let us mount a tmpfs")
        return small

    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    yield mount_it
    subprocess.run(["umount", "-l", str(small)], check=False)


def _appending(log: RegionLog, past: Past) -> Callable[[int], None]:
    def append(number: int) -> None:
        commits, states = len(past.commits), len(past.states)
        commit = past.put(f"key/{number % 7}", bytes(2000))
        try:
            log.append([commit], [Answer(b"m%d" % number, past.head, b"reply")], 1.0)
        except StoreError:
            del past.commits[commits:], past.states[states:]
            raise

    return append


def test_a_full_disk_keeps_what_was_acknowledged_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    log, past = SqliteRegionLog(tmp_path / "main.db", REGION), Past()
    with log._file.read() as connection:
        connection.execute("PRAGMA max_page_count = 40")
    log.open(RUN, 1.0, 10)
    assert write_until_full(_appending(log, past)) > 3
    with log._file.read() as connection:
        connection.execute("PRAGMA max_page_count = 10000")
    assert log.open(RUN, 1.0, EVERYTHING).commits == past.commits
    _appending(log, past)(999)
    saved = log.open(RUN, 1.0, EVERYTHING)
    assert saved.commits == past.commits
    assert saved.answers[b"m999"] == b"reply"
    log.close()


def test_a_real_full_file_system_is_full_and_works_again_when_a_file_is_removed(mount: Mount) -> None:
    small, past = mount("size=600k"), Past()
    ballast = small / "ballast"
    ballast.write_bytes(bytes(250_000))
    log = open_region_log(Config(), small, REGION)
    log.open(RUN, 1.0, 10)
    append = _appending(log, past)
    assert write_until_full(append) > 3
    with pytest.raises(StoreFull):
        append(1)
    with open_region_reader(Config(), small, REGION) as reader:
        assert list(reader.commits()) == past.commits
    ballast.unlink()
    append(2)
    assert log.open(RUN, 1.0, EVERYTHING).commits == past.commits
    log.close()
    with open_region_reader(Config(), small, REGION) as reader:
        reader.verify()
        assert list(reader.commits()) == past.commits


def test_tending_that_finds_no_room_is_said_and_done_later(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shoal.blackboard.persistence.owned_log.CHUNK", 10)
    small, past = mount("size=3m"), Past()
    log = open_region_log(Config(), small, REGION)
    log.open(RUN, 1.0, 0)
    for number in range(20):
        _appending(log, past)(number)
    wanted = log.wants_tending
    ballast = small / "ballast"
    with pytest.raises(OSError, match="No space"):
        ballast.write_bytes(bytes(3_000_000))
    with pytest.raises(StoreFull):
        log.tend()
    assert (wanted, log.wants_tending) == (True, False)
    ballast.unlink()
    for number in range(20):
        _appending(log, past)(number)
    log.tend()
    assert sorted(log.open(RUN, 1.0, 0).base) == sorted(past.states[-1].values())
    log.close()


def test_a_region_in_no_room_at_all_is_not_opened_and_can_be_later(mount: Mount) -> None:
    small = mount("size=64k")
    ballast = small / "ballast"
    with pytest.raises(OSError, match="No space"):
        ballast.write_bytes(bytes(100_000))
    with pytest.raises(StoreFull):
        open_region_log(Config(), small, REGION).open(RUN, 1.0, 10)
    ballast.unlink()
    mount("remount,size=1m")
    log = open_region_log(Config(), small, REGION)
    assert log.open(RUN, 1.0, 10).commits == []
    log.close()


def test_a_directory_that_cannot_be_written_is_said_so_and_can_be_read(mount: Mount) -> None:
    small, past = mount("size=2m"), Past()
    log = open_region_log(Config(), small, REGION)
    log.open(RUN, 1.0, 10)
    _appending(log, past)(1)
    log.close()
    mount("remount,ro")
    with open_region_reader(Config(), small, REGION) as reader:
        assert list(reader.commits()) == past.commits
        reader.verify()
    for region in (REGION, "another"):
        with pytest.raises(StoreError, match=str(small)):
            open_region_log(Config(), small, region).open(RUN, 1.0, 10)
    with pytest.raises(StoreError, match=str(small)):
        open_region_log(Config(), small / "run", REGION)
    mount("remount,rw")


def test_a_write_ahead_log_in_a_directory_that_cannot_be_written_is_refused_with_what_to_do(
    mount: Mount, tmp_path: Path
) -> None:
    small, past = mount("size=2m"), Past()
    log = open_region_log(Config(), tmp_path, REGION)
    log.open(RUN, 1.0, 10)
    _appending(log, past)(1)
    (small / "boards").mkdir()
    for file in (tmp_path / "boards").iterdir():
        if not file.name.endswith("-shm"):
            (small / "boards" / file.name).write_bytes(file.read_bytes())
    log.close()
    mount("remount,ro")
    with pytest.raises(StoreError, match="copy the files"):
        open_region_reader(Config(), small, REGION)
    mount("remount,rw")
