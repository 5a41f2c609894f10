"""Garbage, torn and altered files: what is read is what was written, or an error that names the file."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from shoal.blackboard.persistence import Answer, RegionReader, SqliteRegionLog
from shoal.blackboard.persistence.head_mark import mark_path
from shoal.blackboard.persistence.sqlite_source import SqliteSource
from shoal.runtime.durable.errors import StoreBroken, StoreError, StoreNewer
from tests.blackboard.persistence.logs import EVERYTHING, REGION, RUN, bring_up
from tests.blackboard.persistence.past import Past
from tests.runtime.durable.stores import HAS_POSTGRES

NOW = 1000.0
LAST = RUN._replace(generation=99)


def _log(path: Path) -> SqliteRegionLog:
    return SqliteRegionLog(path, REGION, quick=True)


def _reader(path: Path) -> RegionReader:
    return RegionReader(SqliteSource(path, REGION), REGION)


def _make(path: Path, *, compacts: bool) -> tuple[Past, dict[bytes, bytes]]:
    """A region of 300 revisions whose snapshot is at 200 or so; compacted up to 50, or not."""
    past, dice, answers = Past(), random.Random(7), {}
    log = _log(path)
    log.open(RUN, NOW, 100)
    while past.head < 300:
        changes = {
            f"key/{dice.randrange(40)}": dice.choice([None, bytes(dice.randrange(200))]) for _ in range(3)
        }
        commit = past.commit(changes)
        if commit:
            answer = Answer(b"m%d" % past.head, past.head, b"reply")
            answers[answer.message_id] = answer.reply
            log.append([commit], [answer], NOW)
    if compacts:
        log.compact(50)
    for _ in range(2):
        bring_up(log)
    log.close()
    return past, answers


@pytest.fixture(scope="module", params=[False, True], ids=["all of it", "compacted"])
def sound(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sound:
    return Sound(tmp_path_factory.mktemp("sound") / "main.db", compacts=request.param)


class Sound:
    """A region's files that are as they should be, and what is in them."""

    def __init__(self, path: Path, *, compacts: bool) -> None:
        self.path = path
        self.past, self.answers = _make(path, compacts=compacts)
        self.compacted = 50 if compacts else 0
        assert self.is_refused(path) is False
        with _reader(path) as reader:
            reader.verify()

    def copy(self, directory: Path) -> Path:
        """The same files elsewhere."""
        for file in self.path.parent.iterdir():
            shutil.copy(file, directory / file.name)
        return directory / self.path.name

    def put(self, path: Path, data: bytes) -> None:
        """Put a file in place of a copy, and everything beside it as it was: looking at the last one changed it."""
        for left in path.parent.glob(f"{path.name}-*"):
            left.unlink()
        shutil.copy(mark_path(self.path), mark_path(path))
        path.write_bytes(data)

    def is_refused(self, path: Path) -> bool:
        """Whether the damage is found by whoever opens the region, or reads all of it; nothing wrong is ever given."""
        refused = self._is_refused_by_reader(path)
        try:
            log = _log(path)
        except (StoreBroken, StoreNewer):  # newer: it was the version that flipped
            return True
        try:
            saved = log.open(LAST, NOW, 100)
        except StoreBroken:
            return True
        finally:
            log.close()
        assert saved.oldest == 200
        assert sorted(saved.base) == sorted(self.past.states[200].values())
        assert saved.commits == self.past.commits[200:]
        assert saved.answers == self.answers
        return refused

    def _is_refused_by_reader(self, path: Path) -> bool:
        """What is read of old revisions is right or refused, call by call."""
        try:
            reader = _reader(path)
        except (StoreBroken, StoreNewer):
            return True
        past, compacted = self.past, self.compacted
        calls: list[tuple[Callable[[], object], object]] = [
            (lambda: list(reader.entries_at()), past.entries_at(past.head)),
            (lambda: list(reader.entries_at(120)), past.entries_at(120)),
            (lambda: reader.get_at("key/3"), past.states[-1].get("key/3")),
            (lambda: reader.get_at("key/4"), past.states[-1].get("key/4")),
            (lambda: reader.get_at("key/3", 70), past.states[70].get("key/3")),
            (lambda: list(reader.history("key/5", compacted + 1)), past.history("key/5", compacted + 1)),
            (lambda: list(reader.commits(compacted + 1)), past.commits[compacted:]),
        ]
        with reader:
            return sum([_refuses(call, expected) for call, expected in calls]) > 0


def _refuses(call: Callable[[], object], expected: object) -> bool:
    try:
        assert call() == expected
    except StoreBroken:
        return True
    return False


def test_a_file_with_flipped_bytes_is_never_served_as_something_else(sound: Sound, tmp_path: Path) -> None:
    path = sound.copy(tmp_path)
    data, dice, found = path.read_bytes(), random.Random(3), 0
    for _ in range(80):
        damaged = bytearray(data)
        for _ in range(dice.choice([1, 1, 3])):
            damaged[dice.randrange(len(data))] ^= dice.randrange(1, 256)
        sound.put(path, bytes(damaged))
        found += sound.is_refused(path)
    assert found > 45  # the rest hit free space, or what nobody reads


def test_a_file_with_a_part_overwritten_is_never_served_as_something_else(
    sound: Sound, tmp_path: Path
) -> None:
    path = sound.copy(tmp_path)
    data, dice = path.read_bytes(), random.Random(4)
    for length in [16, 100, 512, 4096, 8192] * 3:
        damaged = bytearray(data)
        start = dice.randrange(len(data) - length)
        damaged[start : start + length] = dice.choice([bytes(length), dice.randbytes(length)])
        sound.put(path, bytes(damaged))
        sound.is_refused(path)


def test_a_page_that_is_as_it_was_earlier_is_never_served(tmp_path: Path) -> None:
    """A write that never reached the disk although it was said to: each page alone is sound."""
    (tmp_path / "then").mkdir()
    path, then = tmp_path / "main.db", tmp_path / "then" / "main.db"
    past, log = Past(), _log(path)
    log.open(RUN, NOW, 5)
    for number in range(200):
        log.append([past.put(f"key/{number % 30}", bytes(100))], [], NOW)
        if number == 150:
            bring_up(log)
            log._file.fold()
            shutil.copy(path, then)
    bring_up(log)
    log.close()
    now, old = path.read_bytes(), then.read_bytes()
    for page in range(1, len(old) // 4096):
        place = slice(page * 4096, page * 4096 + 4096)
        if old[place] == now[place]:
            continue
        path.write_bytes(now[: place.start] + old[place] + now[place.stop :])
        log = _log(path)
        try:
            saved = log.open(LAST, NOW, 5)
        except StoreBroken:
            continue
        finally:
            log.close()
        assert sorted(saved.base) == sorted(past.states[195].values())
        assert saved.commits == past.commits[195:]


@pytest.mark.parametrize("cut", [0, 1, 99, 100, 4095, 4096, 5000, 8192, -1, -4096, -5000])
def test_a_file_that_was_cut_off_is_refused(sound: Sound, tmp_path: Path, cut: int) -> None:
    path = sound.copy(tmp_path)
    sound.put(path, path.read_bytes()[:cut])
    assert sound.is_refused(path)
    with pytest.raises(StoreBroken, match=str(path)):
        _log(path).open(LAST, NOW, 5)


@pytest.mark.parametrize("table", ["region", "versions", "snapshot", "answers"])
def test_a_row_that_is_gone_is_noticed(sound: Sound, tmp_path: Path, table: str) -> None:
    path = sound.copy(tmp_path)
    data = path.read_bytes()
    name = {"region": "id", "versions": "place", "snapshot": "key", "answers": "number"}[table]
    connection = sqlite3.connect(path)
    rows = [row[0] for row in connection.execute(f"SELECT {name} FROM {table} ORDER BY 1")]
    connection.close()
    for row in {rows[0], rows[len(rows) // 2], rows[-1]}:
        sound.put(path, data)
        connection = sqlite3.connect(path)
        connection.execute(f"DELETE FROM {table} WHERE {name} = ?", (row,))
        connection.commit()
        connection.close()
        assert sound.is_refused(path), row


@pytest.mark.parametrize("table", ["region", "versions", "snapshot", "answers"])
def test_a_table_that_is_empty_or_gone_is_noticed(sound: Sound, tmp_path: Path, table: str) -> None:
    path = sound.copy(tmp_path)
    data = path.read_bytes()
    for statement in (f"DELETE FROM {table}", f"DROP TABLE {table}"):
        sound.put(path, data)
        connection = sqlite3.connect(path)
        connection.execute(statement)
        connection.commit()
        connection.close()
        assert sound.is_refused(path)


def test_rows_that_were_exchanged_or_altered_are_noticed(sound: Sound, tmp_path: Path) -> None:
    path = sound.copy(tmp_path)
    data = path.read_bytes()
    for statement in (
        "UPDATE region SET head = head - 1",
        "UPDATE region SET snapshot_rows = snapshot_rows - 1",
        "UPDATE region SET compacted = compacted + 1",
        "UPDATE versions SET data = (SELECT data FROM versions WHERE place >> 20 = 299) WHERE place >> 20 = 298",
        "UPDATE versions SET place = place + (1 << 40) WHERE place >> 20 = 250",
        "UPDATE snapshot SET place = (SELECT max(place) FROM snapshot) WHERE key = (SELECT min(key) FROM snapshot)",
        "UPDATE snapshot SET key = x'00' WHERE key = (SELECT min(key) FROM snapshot)",
        "UPDATE answers SET items = x'90' WHERE number = 300",
        "UPDATE answers SET number = 301 WHERE number = 300",
        "UPDATE versions SET data = 'text' WHERE place >> 20 = 290",
        "UPDATE versions SET size = x'01' WHERE place >> 20 = 290",
        "UPDATE versions SET sum = 'text' WHERE place >> 20 = 290",
        "UPDATE snapshot SET sum = 'text', key = 'text', place = x'00' WHERE key = (SELECT max(key) FROM snapshot)",
        "UPDATE answers SET count = 'text' WHERE number = 300",
        "UPDATE region SET head = 'text'",
    ):
        sound.put(path, data)
        connection = sqlite3.connect(path)
        connection.execute(statement)
        connection.commit()
        connection.close()
        assert sound.is_refused(path), statement


def test_files_that_are_not_ours_are_refused_and_left_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "main.db"
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE mine (a)")
    other.commit()
    other.close()
    for content in (b"", b"hello", bytes(5000), (tmp_path / "other.db").read_bytes()):
        path.write_bytes(content)
        for opened in (_log, _reader):
            with pytest.raises(StoreBroken, match=str(path)):
                opened(path)
        assert path.read_bytes() == content
    path.unlink()
    path.mkdir()
    for opened in (_log, _reader):
        with pytest.raises(StoreError, match=str(path)):
            opened(path)


def test_a_file_of_a_newer_shoal_is_refused_and_told_apart(sound: Sound, tmp_path: Path) -> None:
    path = sound.copy(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    for opened in (_log, _reader):
        with pytest.raises(StoreNewer, match="version 3"):
            opened(path)


# The write-ahead log, and the mark.


def _killed(path: Path, directory: Path) -> tuple[Past, Path]:
    """Files as a killed process leaves them: the newest revisions are in the write-ahead log alone."""
    past, log = Past(), _log(path)
    log.open(RUN, NOW, 10)
    for _ in range(10):
        log.append([past.put("a")], [], NOW)
    log._file.fold()
    for _ in range(5):
        log.append([past.put("b")], [], NOW)
    directory.mkdir()
    for file in path.parent.glob("main.db*"):
        if not file.name.endswith("-shm"):
            shutil.copy(file, directory / file.name)
    log.close()
    return past, directory / path.name


def test_a_killed_processs_files_are_whole(tmp_path: Path) -> None:
    past, path = _killed(tmp_path / "main.db", tmp_path / "killed")
    with _reader(path) as reader:
        assert list(reader.commits()) == past.commits
    log = _log(path)
    assert log.open(LAST, NOW, EVERYTHING).commits == past.commits
    log.close()


@pytest.mark.parametrize("left", [None, 0, 10, 40, 4200, 20_000])
def test_a_write_ahead_log_that_was_removed_or_cut_off_is_noticed(tmp_path: Path, left: int | None) -> None:
    _, path = _killed(tmp_path / "main.db", tmp_path / "killed")
    log_file = Path(f"{path}-wal")
    if left is None:
        log_file.unlink()
    else:
        log_file.write_bytes(log_file.read_bytes()[:left])
    with pytest.raises(StoreBroken, match="15 was written"):
        _reader(path)
    log = _log(path)
    with pytest.raises(StoreBroken, match=r"15 was written.*-wal"):
        log.open(LAST, NOW, 10)
    log.close()


def test_a_write_ahead_log_with_flipped_bytes_is_noticed(tmp_path: Path) -> None:
    past, path = _killed(tmp_path / "main.db", tmp_path / "killed")
    log_file, dice = Path(f"{path}-wal"), random.Random(5)
    whole, data = path.read_bytes(), log_file.read_bytes()
    for _ in range(40):
        path.write_bytes(whole)
        damaged = bytearray(data)
        damaged[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        log_file.write_bytes(damaged)
        for rest in path.parent.glob("*-shm"):
            rest.unlink()
        log = _log(path)
        try:
            assert log.open(LAST, NOW, EVERYTHING).commits == past.commits
        except StoreBroken:
            pass
        finally:
            log.close()


def test_a_file_that_is_gone_while_its_mark_is_there_is_no_new_region(sound: Sound, tmp_path: Path) -> None:
    path = sound.copy(tmp_path)
    path.unlink()
    for opened in (_log, _reader):
        with pytest.raises(StoreBroken, match=str(path)):
            opened(path)


def test_a_mark_that_is_damaged_gone_or_of_another_region_says_nothing(sound: Sound, tmp_path: Path) -> None:
    path = sound.copy(tmp_path)
    mark = mark_path(path)
    other = tmp_path / "other"
    other.mkdir()
    log = _log(other / "main.db")
    log.open(RUN, NOW, 10)
    past = Past()
    log.append([past.put("a") for _ in range(500)], [], NOW)
    log.close()
    sound_mark = mark.read_bytes()
    for content in (b"", b"x", bytes(64), sound_mark[:-1] + b"x", mark_path(other / "main.db").read_bytes()):
        mark.write_bytes(content)
        assert sound.is_refused(path) is False
    mark.unlink()
    assert sound.is_refused(path) is False


@pytest.mark.skipif(not HAS_POSTGRES, reason="no PostgreSQL: see the durable stores' tests")
@pytest.mark.parametrize("table", ["regions", "versions", "snapshot", "answers"])
def test_a_row_that_is_gone_from_a_database_is_noticed_too(tmp_path: Path, table: str) -> None:
    import importlib

    from shoal.blackboard.persistence import PostgresRegionLog
    from tests.runtime.durable.stores import database

    past, run = Past(), str(tmp_path)
    log = PostgresRegionLog(database(), run, REGION)
    log.open(RUN, NOW, 5)
    for number in range(20):
        log.append([past.put(f"key/{number % 7}")], [Answer(b"m%d" % number, 1, b"r")], NOW)
    bring_up(log)
    name = {"regions": "number", "versions": "place", "snapshot": "key", "answers": "last"}[table]
    with importlib.import_module("psycopg").connect(database(), autocommit=True) as other:
        number = other.execute("SELECT number FROM shoal.board_names WHERE run = %s", (run,)).fetchone()[0]
        deleted = other.execute(
            f"""DELETE FROM shoal.board_{table} WHERE number = %s AND {name} =
            (SELECT max({name}) FROM shoal.board_{table} WHERE number = %s)""",
            (number, number),
        )
        assert deleted.rowcount == 1
    with pytest.raises(StoreBroken, match=REGION):
        log.open(LAST, NOW, 5)
    log.close()
