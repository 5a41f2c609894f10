from __future__ import annotations

import contextlib
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from shoal.runtime.durable import StoreBroken
from shoal.runtime.journal import (
    Event,
    Journal,
    RunDirectory,
    RunNotFound,
    TaskSubmitted,
    list_runs,
    messages_handled,
    open_run,
)

ID = b"m" * 12


def _run(root: Path, name: str, *, tasks: int, done: int, now: float = 1.0) -> None:
    with RunDirectory.create(name, root=root, argv=["audit.py", "x"], now=now) as run:
        journal = Journal(run.journal_path)
        journal.append([TaskSubmitted(f"t{n}", "team", "m:Ask", b"x", ID, now + n) for n in range(tasks)])
        for n in range(done):
            journal.append([Event(now + n, "start", f"a{n}", f"t{n}", {"n": n})])
            journal.finish(f"t{n}", "int", b"\x01", at=now + 10 + n)
        journal.append(
            [messages_handled([(ID, None, None, "a", "b", "int", 1, 1.0, 0.1, "done", 0.0, 0, 1)] * 3)]
        )
        journal.close()


def test_runs_are_listed_newest_first_with_their_state_and_one_line(tmp_path: Path) -> None:
    _run(tmp_path, "old", tasks=3, done=3, now=100.0)
    _run(tmp_path, "cut", tasks=3, done=1, now=200.0)
    RunDirectory.create("new", root=tmp_path, now=300.0).close()
    (tmp_path / "photos").mkdir()
    found = list_runs(tmp_path)
    assert [(each.run, each.status) for each in found] == [
        ("new", "empty"),
        ("cut", "interrupted"),
        ("old", "finished"),
    ]
    assert found[0].headline == "0 tasks"
    assert found[1].headline == "3 tasks: 2 submitted, 1 done"
    assert (found[1].created_at, found[1].events, found[1].last_at) == (200.0, 1, 210.0)
    assert found[2].program == "audit.py x"


def test_a_root_without_runs_lists_none(tmp_path: Path) -> None:
    assert list_runs(tmp_path) == []
    assert list_runs(tmp_path / "gone") == []


def test_a_broken_run_is_listed_with_its_problem_beside_the_others(tmp_path: Path) -> None:
    _run(tmp_path, "good", tasks=1, done=1)
    _run(tmp_path, "bad", tasks=1, done=1)
    _run(tmp_path, "worse", tasks=1, done=1)
    (tmp_path / "bad" / "journal.db").write_bytes(b"garbage")
    (tmp_path / "worse" / "run.json").write_text("{")
    found = {each.run: each for each in list_runs(tmp_path)}
    assert found["good"].status == "finished"
    assert found["bad"].status == found["worse"].status == "broken"
    assert "journal.db" in found["bad"].headline
    with pytest.raises(StoreBroken):
        open_run("bad", root=tmp_path)


def test_a_run_shows_its_tasks_events_and_messages(tmp_path: Path) -> None:
    _run(tmp_path, "audit", tasks=5, done=3)
    with open_run("audit", root=tmp_path) as reader:
        assert [entry.task for entry in reader.tasks()] == ["t0", "t1", "t2", "t3", "t4"]
        assert [entry.task for entry in reader.tasks("submitted")] == ["t3", "t4"]
        assert [entry.task for entry in reader.tasks(limit=2, skip=1)] == ["t1", "t2"]
        assert [(each.seq, each.agent) for each in reader.events(limit=2)] == [(2, "a1"), (3, "a2")]
        assert [each.data for each in reader.events(agent="a1")] == [{"n": 1}]
        assert [each.kind for each in reader.events(task="t2", kind="start")] == ["start"]
        assert reader.events(kind="exit") == []
        assert reader.message_count() == 3
        found = reader.task("t1")
        assert found is not None
        assert found.result == b"\x01"
        assert reader.task("t9") is None
        reader.close()


@pytest.mark.parametrize("data", ["[1]", "3", "null", "{"])
def test_an_event_whose_data_is_no_object_is_damage(tmp_path: Path, data: str) -> None:
    _run(tmp_path, "audit", tasks=2, done=2)
    with contextlib.closing(sqlite3.connect(tmp_path / "audit" / "journal.db")) as connection, connection:
        connection.execute("UPDATE events SET data = ? WHERE seq = 2", (data,))
    with open_run("audit", root=tmp_path) as reader, pytest.raises(StoreBroken, match="event 2"):
        reader.events()


def test_a_run_without_a_journal_yet_can_be_shown(tmp_path: Path) -> None:
    with RunDirectory.create("audit", root=tmp_path, now=1.0), open_run("audit", root=tmp_path) as reader:
        assert reader.summary().status == "running"
        assert (reader.tasks(), reader.events(), reader.task("t"), reader.message_count()) == (
            [],
            [],
            None,
            0,
        )
    with pytest.raises(RunNotFound):
        open_run("other", root=tmp_path)


def test_reading_works_while_the_run_writes_and_changes_nothing(tmp_path: Path) -> None:
    with RunDirectory.create("audit", root=tmp_path, now=1.0) as run:
        journal = Journal(run.journal_path)
        journal.submit("t1", "team", "int", b"", ID, at=1.0)
        with open_run("audit", root=tmp_path) as reader:
            with journal._file.write() as connection:  # a transaction in progress is not seen
                connection.execute("DELETE FROM tasks")
                assert reader.summary().counts["submitted"] == 1
                connection.execute("ROLLBACK")
                connection.execute("BEGIN")
            journal.finish("t1", "int", b"", at=2.0)
            assert reader.summary().counts["done"] == 1
            assert reader.summary().status == "running"
        journal.close()


WRITER = """
import sys
from shoal.runtime.journal import Event, Journal, RunDirectory, TaskEnded, TaskSubmitted, messages_handled
run = RunDirectory.create("audit", root=sys.argv[1], now=1.0)
journal = Journal(run.journal_path)
row = (b"m" * 12, None, None, "a", "b", "int", 1, 1.0, 0.1, "done", 0.0, 0, 1)
for number in range(1_000_000):
    journal.append([
        TaskSubmitted(f"t{number}", "team", "int", b"x" * 300, b"m" * 12, 1.0),
        TaskEnded(f"t{number}", "done", "int", b"r", "", "", {}, 2.0),
        Event(1.0, "start", None, f"t{number}", {}),
        messages_handled([row] * 5),
    ], source="host", number=number + 1)
    print(number, flush=True)
"""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_run_whose_writer_was_killed_has_all_it_acknowledged_and_nothing_in_part(
    tmp_path: Path, seed: int
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    until = random.Random(seed).randrange(5, 300)
    acknowledged = -1
    for line in writer.stdout:
        acknowledged = int(line)
        if acknowledged >= until:
            writer.send_signal(signal.SIGKILL)
            break
    for line in writer.stdout:
        if line.endswith("\n"):
            acknowledged = int(line)
    writer.stdout.close()
    writer.wait(60)
    with open_run("audit", root=tmp_path) as reader:
        summary = reader.summary()
        assert summary.status == "finished"
        written = summary.counts["done"]
        assert written >= acknowledged + 1
        assert summary.events == written
        assert reader.message_count() == 5 * written
    with RunDirectory.open("audit", root=tmp_path) as run:
        journal = Journal(run.journal_path, create=False)
        journal.verify()
        assert journal.last_number("host") == written
        journal.close()
