"""Garbage, torn and altered files: what is read is what was written, or an error that names the file."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from shoal.runtime.durable import (
    Handled,
    Recorded,
    Saved,
    SqliteStateStore,
    StoreBroken,
    StoreError,
    StoreNewer,
)

AGENTS = [f"team/{number}" for number in range(12)]


def _expected(agent: str) -> Saved:
    number = int(agent.rpartition("/")[2])
    handled = [Handled(bytes([number, step]) * 6, 1, "m:R", bytes([step]) * 90) for step in range(20)]
    return Saved(("m:S", bytes([number]) * 700), handled)


def _write(path: Path) -> None:
    store = SqliteStateStore(path)
    for agent in AGENTS:
        saved = _expected(agent)
        store.open(agent, 1)
        for start in range(0, 20, 4):
            store.commit(agent, 1, saved.state, saved.handled[start : start + 4])
        store.once_begin(agent, 1, b"scope", "pay")
        store.once_done(agent, 1, b"scope", "pay", "str", agent.encode())
    store.close()


def _refused(path: Path) -> int:
    """Opens every agent of the file: each is as it was saved, or refused. How many were refused."""
    try:
        store = SqliteStateStore(path, create=False)
    except (StoreBroken, StoreNewer):  # newer: it was the version that flipped
        return len(AGENTS)
    try:
        return sum(_is_refused(store, agent) for agent in AGENTS)
    finally:
        store.close()


def _is_refused(store: SqliteStateStore, agent: str) -> bool:
    try:
        assert store.open(agent, 2) == _expected(agent)
        effect = store.once_begin(agent, 2, b"scope", "pay")
    except StoreBroken:
        return True
    if effect is None:  # its key was damaged: the one thing that only the full check finds
        with pytest.raises(StoreBroken):
            store.verify()
        return True
    assert effect == Recorded("str", agent.encode())
    return False


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "state.db"
    _write(path)
    assert _refused(path) == 0
    return path


def test_a_file_with_flipped_bytes_is_never_served_as_something_else(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    data = sound.read_bytes()
    dice = random.Random(3)
    refused = 0
    for _ in range(250):
        altered = bytearray(data)
        for _ in range(dice.choice([1, 1, 1, 8])):
            altered[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        path.write_bytes(altered)
        refused += _refused(path)
        for extra in (Path(f"{path}-wal"), Path(f"{path}-shm")):
            extra.unlink(missing_ok=True)
    assert refused > 50


def test_a_file_cut_off_anywhere_is_refused_or_has_all_it_is_asked_for(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    data = sound.read_bytes()
    dice = random.Random(4)
    for length in [
        0,
        1,
        15,
        16,
        99,
        100,
        511,
        512,
        4095,
        4096,
        len(data) - 1,
        *dice.sample(range(len(data)), 60),
    ]:
        path.write_bytes(data[:length])
        assert _refused(path) > 0, length
        for extra in (Path(f"{path}-wal"), Path(f"{path}-shm")):
            extra.unlink(missing_ok=True)


@pytest.mark.parametrize("content", [b"", b"not a database", b"\0" * 4096, bytes(range(256)) * 64])
def test_garbage_is_refused_with_the_file_and_a_remedy(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(StoreBroken) as broken:
        SqliteStateStore(path)
    assert str(path) in broken.value.text
    assert "put a backup in its place" in broken.value.text
    assert path.read_bytes() == content


def test_another_programs_sqlite_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreBroken, match="another SQLite file"):
        SqliteStateStore(path)
    assert path.read_bytes() == before


def test_a_file_of_a_newer_version_is_refused_with_what_to_do(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    shutil.copy(sound, path)
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 3")
    other.close()
    with pytest.raises(StoreNewer, match="version 3; this shoal knows versions up to 2"):
        SqliteStateStore(path)


def test_a_file_of_an_older_version_is_refused_with_what_to_do(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    shutil.copy(sound, path)
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 1")
    other.close()
    with pytest.raises(StoreError, match=r"version 1, of an older shoal; .* or start anew"):
        SqliteStateStore(path)


@pytest.mark.parametrize("table", ["agents", "states", "handled"])
def test_a_table_that_lost_an_agents_rows_is_noticed_when_the_agent_opens(
    sound: Path, tmp_path: Path, table: str
) -> None:
    path = tmp_path / "state.db"
    shutil.copy(sound, path)
    other = sqlite3.connect(path)
    other.execute(f"DELETE FROM {table} WHERE agent = ?", (AGENTS[3],))
    other.commit()
    other.close()
    store = SqliteStateStore(path)
    with pytest.raises(StoreBroken):
        store.open(AGENTS[3], 2)
    assert store.open(AGENTS[4], 2) == _expected(AGENTS[4])
    with pytest.raises(StoreBroken):
        store.verify()
    store.close()


def test_a_table_that_is_gone_is_damage(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    shutil.copy(sound, path)
    other = sqlite3.connect(path)
    other.execute("DROP TABLE states")
    other.commit()
    other.close()
    store = SqliteStateStore(path)
    with pytest.raises(StoreBroken, match="no such table"):
        store.open(AGENTS[0], 2)
    store.close()


def test_a_log_without_its_file_is_not_played_into_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    Path(f"{path}-wal").write_bytes(b"x" * 4096)
    with pytest.raises(StoreBroken, match="write-ahead log is still there"):
        SqliteStateStore(path)


def test_a_missing_file_is_an_error_where_it_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(StoreBroken, match="missing"):
        SqliteStateStore(tmp_path / "state.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        SqliteStateStore(tmp_path / "gone" / "state.db")


def test_the_files_are_for_their_owner_only(tmp_path: Path) -> None:
    store = SqliteStateStore(tmp_path / "state.db")
    store.open("desk", 1)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    store.close()
    assert modes == {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}
