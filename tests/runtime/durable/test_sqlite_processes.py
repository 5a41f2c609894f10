"""Several processes on one file, and one that is killed at any moment."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shoal.runtime.durable import Handled, SqliteStateStore, StoreBusy, Synchronous

WRITER = """
import sys
from pathlib import Path
from shoal.runtime.durable import Handled, SqliteStateStore
store = SqliteStateStore(Path(sys.argv[1]), window=100_000)
agent, commits = sys.argv[2], int(sys.argv[3])
store.open(agent, 1)
for number in range(commits):
    ids = [(3 * number + step).to_bytes(12, "big") for step in range(3)]
    store.commit(agent, 1, ("m:S", ids[-1]), [Handled(each) for each in ids])
    if sys.argv[4] == "tell":
        print(number, flush=True)
"""


def _writer(path: Path, agent: str, commits: int, tell: bool) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), agent, str(commits), "tell" if tell else "quiet"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_write_one_file_and_both_find_all_of_theirs(tmp_path: Path) -> None:
    path = tmp_path / "state.db"  # made by whichever comes first
    writers = [_writer(path, agent, 300, tell=False) for agent in ("a", "b")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.close()
    store = SqliteStateStore(path, window=100_000)
    for agent in ("a", "b"):
        saved = store.open(agent, 2)
        assert [int.from_bytes(each.id, "big") for each in saved.handled] == list(range(900))
        assert saved.state == ("m:S", (899).to_bytes(12, "big"))
    store.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_process_killed_at_any_moment_loses_nothing_it_acknowledged(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "state.db"
    writer = _writer(path, "desk", 1_000_000, tell=True)
    assert writer.stdout is not None
    until = random.Random(seed).randrange(5, 400)
    acknowledged = -1
    for line in writer.stdout:
        acknowledged = int(line)
        if acknowledged >= until:
            writer.send_signal(signal.SIGKILL)
            break
    for line in writer.stdout:  # what it had said before it died
        if line.endswith("\n"):
            acknowledged = int(line)
    writer.stdout.close()
    assert writer.wait(60) == -signal.SIGKILL
    store = SqliteStateStore(path, create=False, window=100_000)
    store.verify()
    saved = store.open("desk", 2)
    ids = [int.from_bytes(each.id, "big") for each in saved.handled]
    assert len(ids) >= 3 * (acknowledged + 1)
    assert ids == list(range(len(ids)))
    assert len(ids) % 3 == 0
    assert saved.state == ("m:S", ids[-1].to_bytes(12, "big"))
    store.close()


def test_a_file_opened_twice_here_keeps_its_log_when_another_process_closes_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    held = SqliteStateStore(path)
    held.open("desk", 1)
    SqliteStateStore(path).close()  # closing another descriptor of the file would drop the held one's locks
    other = _writer(path, "other", 1, tell=False)
    assert other.stdout is not None
    assert (other.stdout.read(), other.wait(60)) == ("", 0)
    other.stdout.close()
    assert path.with_name("state.db-wal").exists()
    held.commit("desk", 1, ("m:S", b"1"), [Handled(b"message-0001")])
    held.close()
    found = SqliteStateStore(path, create=False)
    assert found.open("desk", 2).state == ("m:S", b"1")
    found.close()


def test_a_file_that_another_process_keeps_locked_is_busy_and_works_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    holder = SqliteStateStore(path)
    store = SqliteStateStore(path, busy_s=0.01)
    with holder._file.write(), pytest.raises(StoreBusy, match="locked for too long"):
        store.open("desk", 1)
    store.open("desk", 1)
    store.commit("desk", 1, None, [Handled(b"a")])
    for each in (store, holder):
        each.close()


def test_every_transaction_waits_for_the_disk_where_that_is_asked_for(tmp_path: Path) -> None:
    for synchronous, level in ((Synchronous.NORMAL, 1), (Synchronous.FULL, 2)):
        store = SqliteStateStore(tmp_path / "state.db", synchronous=synchronous)
        with store._file.read() as connection:
            assert connection.execute("PRAGMA synchronous").fetchone()[0] == level
        store.close()
