"""A disk that is full: said so, nothing acknowledged lost, and going on when there is room."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoal.runtime.durable import Handled, Recorded, SqliteStateStore, StoreError
from shoal.runtime.durable.sqlite_errors import describe_os_error, map_sqlite_error
from tests.runtime.durable.full_disk import write_until_full

PAGES = 24


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStateStore]:
    opened = SqliteStateStore(tmp_path / "state.db")
    yield opened
    opened.close()


def _limit(store: SqliteStateStore, pages: int) -> None:
    with store._file.read() as connection:
        connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_keeps_what_was_acknowledged_and_goes_on_when_there_is_room(
    store: SqliteStateStore,
) -> None:
    _limit(store, PAGES)
    store.open("desk", 1)
    messages = [number.to_bytes(12, "big") for number in range(10_000)]
    acknowledged = messages[
        : write_until_full(
            lambda number: store.commit(
                "desk", 1, ("m:S", messages[number]), [Handled(messages[number], 1, "bytes", bytes(3000))]
            )
        )
    ]
    assert acknowledged
    _limit(store, 10_000)
    saved = store.open("desk", 2)
    assert [each.id for each in saved.handled] == acknowledged
    assert saved.state == ("m:S", acknowledged[-1])
    store.commit("desk", 2, ("m:S", b"more"), [Handled(b"more")])
    assert store.open("desk", 3).state == ("m:S", b"more")
    store.verify()


def test_an_effect_that_finds_no_room_has_not_begun(store: SqliteStateStore) -> None:
    _limit(store, PAGES)
    store.open("desk", 1)

    def pay(number: int) -> None:
        scope = number.to_bytes(12, "big")
        assert store.once_begin("desk", 1, scope, "pay") is None
        store.once_done("desk", 1, scope, "pay", "bytes", bytes(2000))

    done = write_until_full(pay)
    _limit(store, 10_000)
    assert store.once_begin("desk", 1, (done + 1).to_bytes(12, "big"), "pay") is None
    assert all(
        store.once_begin("desk", 1, number.to_bytes(12, "big"), "pay") == Recorded("bytes", bytes(2000))
        for number in range(done)
    )


def test_a_limit_on_file_sizes_is_full_too_although_sqlite_calls_it_an_io_error(tmp_path: Path) -> None:
    """The same path as a quota: the write fails with another errno than that of a full disk."""
    script = """
import resource, signal, sys
from pathlib import Path
from shoal.runtime.durable import Handled, SqliteStateStore, StoreFull
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = SqliteStateStore(Path(sys.argv[1]))
store.open("desk", 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    for number in range(1000):
        store.commit("desk", 1, None, [Handled(number.to_bytes(12, "big"), 1, "bytes", bytes(3000))])
except StoreFull:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert len(store.open("desk", 2).handled) == number > 0
    store.commit("desk", 2, None, [Handled(b"more")])
    print("full, then went on")
"""
    path = tmp_path / "state.db"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "full, then went on", done.stderr
    store = SqliteStateStore(path)
    store.verify()
    assert store.open("desk", 3).handled[-1] == Handled(b"more")
    store.close()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting takes root")
def test_a_real_full_file_system_is_full_and_works_again_when_a_file_is_removed(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a tmpfs")
    try:
        ballast = small / "ballast"
        ballast.write_bytes(bytes(200_000))
        store = SqliteStateStore(small / "state.db")
        store.open("desk", 1)
        acknowledged = write_until_full(
            lambda number: store.commit("desk", 1, None, [Handled(bytes([number]), 1, "bytes", bytes(3000))])
        )
        ballast.unlink()
        assert len(store.open("desk", 2).handled) == acknowledged
        store.commit("desk", 2, None, [Handled(b"more")])
        store.verify()
        store.close()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_every_error_of_sqlite_becomes_one_of_ours(tmp_path: Path) -> None:
    class Unknown(sqlite3.DatabaseError):
        sqlite_errorcode = 9999
        sqlite_errorname = "SQLITE_NEW"

    for kind in (*sqlite3.Error.__subclasses__(), *sqlite3.DatabaseError.__subclasses__(), Unknown):
        error = map_sqlite_error(kind("reason"), tmp_path / "x.db", "state store", "Remedy")
        assert isinstance(error, StoreError)
        assert "x.db" in error.text
        assert "reason" in error.text
    assert isinstance(describe_os_error(OSError(5, "EIO"), tmp_path, "open"), StoreError)
