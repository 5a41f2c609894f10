from __future__ import annotations

import json
import pickle
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shoal.runtime.durable import StoreBroken
from shoal.runtime.errors import ProtocolError
from shoal.runtime.journal import (
    EffectNoted,
    Event,
    Journal,
    TaskConflict,
    TaskEnded,
    TaskState,
    TaskSubmitted,
    TaskUnknown,
    messages_handled,
)
from shoal.runtime.journal.journal import Batch
from shoal.runtime.journal.records import Record
from tests.runtime.durable.full_disk import write_until_full

ID = b"m" * 12


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.db")
    yield opened
    opened.close()


def _rows(journal: Journal, query: str) -> list[Any]:
    plain = sqlite3.connect(journal.path)
    try:
        return plain.execute(query).fetchall()
    finally:
        plain.close()


def _events(journal: Journal) -> list[tuple[str, str | None, dict[str, Any]]]:
    found = _rows(journal, "SELECT kind, task, data FROM events ORDER BY seq")
    return [(kind, task, json.loads(data)) for kind, task, data in found]


def test_a_task_is_open_from_its_submission_to_its_result(journal: Journal) -> None:
    entry = journal.submit("t1", "team/audit", "m:Ask", b"\x01", ID, at=5.0)
    assert (entry.state, entry.attempts, entry.submitted_at, entry.open) == ("submitted", 1, 5.0, True)
    assert journal.get("t1") == entry
    done = journal.finish("t1", "m:Label", b"\x02", at=7.5)
    assert (done.state, done.result_tag, done.result, done.ended_at) == ("done", "m:Label", b"\x02", 7.5)
    assert journal.get("t1") == done
    assert not done.open
    assert journal.get("t2") is None


def test_submitting_the_same_task_again_gives_what_is_recorded(journal: Journal) -> None:
    first = journal.submit("t1", "team", "m:Ask", b"x", ID, at=1.0)
    assert journal.submit("t1", "team", "m:Ask", b"x", b"another", at=2.0) == first
    done = journal.finish("t1", "int", b"\x01", at=3.0)
    assert journal.submit("t1", "team", "m:Ask", b"x", ID, at=4.0) == done


def test_the_same_task_id_with_another_payload_is_refused_and_changes_nothing(journal: Journal) -> None:
    first = journal.submit("t1", "team", "m:Ask", b"x", ID, at=1.0)
    with pytest.raises(TaskConflict, match="t1") as conflict:
        journal.submit("t1", "team", "m:Ask", b"y", ID, at=2.0)
    with pytest.raises(TaskConflict):
        journal.submit("t1", "team", "m:Other", b"x", ID, at=2.0)
    assert journal.get("t1") == first
    copy = pickle.loads(pickle.dumps(conflict.value))
    assert (type(copy), copy.details) == (TaskConflict, {"task": "t1"})


def test_the_first_result_counts_and_a_later_one_is_noted_as_an_event(journal: Journal) -> None:
    journal.submit("t1", "team", "m:Ask", b"x", ID, at=1.0)
    first = journal.finish("t1", "int", b"\x01", at=2.0)
    assert journal.finish("t1", "int", b"\x02", at=3.0) == first
    assert journal.fail("t1", "HandlerError", "late", at=4.0) == first
    assert journal.finish("t1", "int", b"\x01", at=5.0) == first
    assert journal.get("t1") == first
    assert [(kind, task, data["late"], data["same"]) for kind, task, data in _events(journal)] == [
        ("late_result", "t1", "done", False),
        ("late_result", "t1", "failed", False),
        ("late_result", "t1", "done", True),
    ]


def test_a_failure_keeps_the_errors_class_text_and_details(journal: Journal) -> None:
    journal.submit("t1", "team", "m:Ask", b"x", ID, at=1.0)
    entry = journal.fail("t1", "HandlerError", "it broke", {"agent": "a", "odd": {1, 2}}, at=2.0)
    assert (entry.state, entry.error, entry.error_text) == ("failed", "HandlerError", "it broke")
    assert json.loads(entry.error_details) == {"agent": "a", "odd": "{1, 2}"}
    assert journal.get("t1") == entry


def test_a_partial_result_has_both_a_result_and_an_error(journal: Journal) -> None:
    journal.submit("t1", "team", "m:Ask", b"x", ID, at=1.0)
    entry = journal.fail(
        "t1", "TeamError", "one of three", state=TaskState.PARTIAL, tag="list", payload=b"\x90", at=2.0
    )
    assert (entry.state, entry.result_tag, entry.result, entry.error) == (
        "partial",
        "list",
        b"\x90",
        "TeamError",
    )


def test_a_task_that_was_never_submitted_cannot_end(journal: Journal) -> None:
    with pytest.raises(TaskUnknown, match="t9"):
        journal.finish("t9", "int", b"", at=1.0)
    with pytest.raises(TaskUnknown, match="t9"):
        journal.fail("t9", "E", "", at=1.0)
    with pytest.raises(TaskUnknown, match="t9"):
        journal.resubmit("t9", at=1.0)


def test_a_task_cannot_end_as_something_that_is_no_end(journal: Journal) -> None:
    journal.submit("t1", "team", "m:Ask", b"x", ID, at=1.0)
    for state in ("submitted", "lost"):
        with pytest.raises(ProtocolError, match=state):
            journal.append([TaskEnded("t1", state, "", b"", "", "", {}, 1.0)])
    assert journal.counts()["submitted"] == 1


def test_attempts_are_counted_while_the_task_is_open(journal: Journal) -> None:
    journal.submit("t1", "team", "m:Ask", b"x", ID, at=1.0)
    assert journal.resubmit("t1", at=2.0).attempts == 2
    assert journal.resubmit("t1", at=3.0).attempts == 3
    journal.finish("t1", "int", b"", at=4.0)
    assert journal.resubmit("t1", at=5.0).attempts == 3


def test_a_failed_task_begins_again_only_when_that_is_said_and_a_done_one_never(journal: Journal) -> None:
    journal.submit("t1", "team", "m:Ask", b"x", ID, at=1.0)
    failed = journal.fail("t1", "HandlerError", "it broke", {"agent": "a"}, at=2.0)
    assert journal.resubmit("t1", at=3.0) == failed
    again = journal.resubmit("t1", at=3.0, message_id=b"n" * 12, again=True)
    assert (again.open, again.attempts, again.message_id) == (True, 2, b"n" * 12)
    assert (again.error, again.error_text, again.error_details, again.ended_at) == ("", "", "{}", None)
    assert journal.get("t1") == again
    done = journal.finish("t1", "int", b"\x01", at=4.0)
    assert journal.resubmit("t1", at=5.0, again=True) == done


def test_batches_of_several_senders_are_written_in_one_transaction(journal: Journal) -> None:
    event = Event(1.0, "start", "a", None, {})
    outcomes = journal.append_all(
        [
            Batch("one", 1, [TaskSubmitted("t1", "team", "int", b"x", ID, 1.0), event]),
            Batch("two", 1, [TaskEnded("t1", "done", "int", b"y", "", "", {}, 2.0)]),
            Batch("one", 1, [TaskSubmitted("t1", "team", "int", b"x", ID, 1.0), event]),
        ]
    )
    assert [len(each) for each in outcomes] == [2, 1, 2]
    assert outcomes[2][0] == journal.get("t1")
    assert len(_events(journal)) == 1
    bad = Event(1.0, "exit", object(), None, {})  # type: ignore[arg-type]
    with pytest.raises(ProtocolError):
        journal.append_all([Batch("three", 1, [event]), Batch("four", 1, [bad])])
    assert len(_events(journal)) == 1


def test_open_tasks_come_in_the_order_of_their_submission_also_over_many_pages(journal: Journal) -> None:
    names = [f"t{(number * 7919) % 1000}" for number in range(1000)]
    journal.append([TaskSubmitted(name, "team", "m:Ask", b"x", ID, 1.0) for name in names])
    for name in names[::3]:
        journal.finish(name, "int", b"", at=2.0)
    left = [name for index, name in enumerate(names) if index % 3]
    assert [entry.task for entry in journal.open_tasks()] == left
    counts = {"submitted": 666, "done": 334, "failed": 0, "partial": 0, "abandoned": 0}
    assert journal.counts() == counts


def test_tasks_may_end_while_the_open_ones_are_being_read(journal: Journal) -> None:
    journal.append([TaskSubmitted(f"t{n}", "team", "m:Ask", b"x", ID, 1.0) for n in range(700)])
    seen = []
    for entry in journal.open_tasks():
        journal.finish(entry.task, "int", b"", at=2.0)
        seen.append(entry.task)
    assert seen == [f"t{n}" for n in range(700)]
    assert list(journal.open_tasks()) == []


def test_everything_of_one_append_is_written_together_or_not_at_all(journal: Journal) -> None:
    event = Event(1.0, "exit", "a", None, {"reason": "killed"})
    bad = Event(1.0, "exit", object(), None, {})  # type: ignore[arg-type]
    with pytest.raises(ProtocolError, match="cannot be written"):
        journal.append(
            [TaskSubmitted("t1", "team", "m:Ask", b"x", ID, 1.0), event, bad], source="s", number=1
        )
    assert journal.get("t1") is None
    assert _events(journal) == []
    assert journal.last_number("s") == 0
    journal.append([event])
    assert _events(journal) == [("exit", None, {"reason": "killed"})]


def test_a_refused_task_does_not_keep_the_rest_of_its_batch_from_being_written(journal: Journal) -> None:
    journal.submit("t1", "team", "m:Ask", b"x", ID, at=1.0)
    outcomes = journal.append(
        [
            TaskSubmitted("t1", "team", "m:Ask", b"other", ID, 2.0),
            TaskEnded("t9", "done", "int", b"", "", "", {}, 2.0),
            Event(2.0, "start", "a", None, {}),
            TaskSubmitted("t2", "team", "m:Ask", b"y", ID, 2.0),
        ]
    )
    assert [type(each).__name__ for each in outcomes] == [
        "TaskConflict",
        "TaskUnknown",
        "NoneType",
        "TaskEntry",
    ]
    assert journal.counts()["submitted"] == 2


def test_a_batch_that_comes_again_is_not_written_again(journal: Journal) -> None:
    batch: list[Record] = [
        TaskSubmitted("t1", "team", "m:Ask", b"x", ID, 1.0),
        Event(1.0, "start", "a", None, {}),
        messages_handled([(ID, None, "t1", "a", "b", "int", 1, 1.0, 0.1, "done", 0.2, 0, 1)]),
    ]
    first = journal.append(batch, source="host-1", number=1)
    assert journal.append(batch, source="host-1", number=1) == first
    journal.append([TaskEnded("t1", "done", "int", b"", "", "", {}, 2.0)], source="host-1", number=2)
    again = journal.append(batch, source="host-1", number=1)
    assert again[0] == journal.get("t1")
    assert len(_events(journal)) == 1
    journal.settle()
    assert _rows(journal, "SELECT count(*) FROM messages") == [(1,)]
    assert (journal.last_number("host-1"), journal.last_number("host-2")) == (2, 0)
    journal.append(batch, source="host-2", number=1)
    assert len(_events(journal)) == 2


def test_messages_can_be_queried_with_plain_sqlite(journal: Journal) -> None:
    rows = [
        (bytes([n]) * 12, ID, None, "a", "b", "m:Ask", 200 + n, 10.0 + n, 0.5, "done", 0.25, n % 2, 1)
        for n in range(5)
    ]
    journal.append([messages_handled(rows[:3])])
    journal.append([messages_handled(rows[3:])])
    assert _rows(journal, "SELECT * FROM messages") == []
    journal.settle()
    assert _rows(journal, "SELECT * FROM messages ORDER BY at") == [
        (row[0].hex(), row[1].hex(), *row[2:11], ["tell", "ask"][row[11]], 1) for row in rows
    ]
    assert _rows(journal, "SELECT sum(took_s) FROM messages WHERE size > 202") == [(1.0,)]
    assert _rows(journal, "SELECT count, first_at, last_at FROM message_batches") == [
        (3, 10.0, 12.0),
        (2, 13.0, 14.0),
    ]


def test_one_damaged_batch_does_not_hide_the_others_and_the_check_finds_it(journal: Journal) -> None:
    row = (ID, None, None, "a", "b", "int", 1, 1.0, None, "done", None, 0, 1)
    journal.append([messages_handled([row]), messages_handled([row])])
    journal.settle()
    plain = sqlite3.connect(journal.path)
    plain.execute("UPDATE message_batches SET rows = '[[' WHERE batch = 1")
    plain.commit()
    plain.close()
    assert _rows(journal, "SELECT count(*) FROM messages") == [(1,)]
    with pytest.raises(StoreBroken, match="batch 1"):
        journal.verify()


def test_an_effect_is_kept_with_how_far_it_came(journal: Journal) -> None:
    journal.append([EffectNoted("a", b"s", "pay", "begun", 1.0)])
    journal.append([EffectNoted("a", b"s", "pay", "done", 2.0), EffectNoted("a", b"s", "ship", "begun", 2.0)])
    found = _rows(journal, "SELECT key, state, at FROM effects ORDER BY key")
    assert found == [("pay", "done", 2.0), ("ship", "begun", 2.0)]


def test_a_task_row_that_was_altered_is_refused(journal: Journal) -> None:
    journal.submit("t1", "team", "m:Ask", b"x", ID, at=1.0)
    journal.submit("t2", "team", "m:Ask", b"x", ID, at=1.0)
    journal.verify()
    plain = sqlite3.connect(journal.path)
    plain.execute("UPDATE tasks SET payload = x'00' WHERE task = 't1'")
    plain.commit()
    plain.close()
    for reading in (
        lambda: journal.get("t1"),
        lambda: list(journal.open_tasks()),
        lambda: journal.finish("t1", "int", b"", at=2.0),
        journal.verify,
    ):
        with pytest.raises(StoreBroken, match="t1"):
            reading()
    assert journal.finish("t2", "int", b"", at=2.0).state == "done"


def test_a_full_disk_loses_no_acknowledged_record_and_the_journal_goes_on(journal: Journal) -> None:
    with journal._file.read() as connection:
        connection.execute("PRAGMA max_page_count = 30")

    def write(number: int) -> None:
        task = TaskSubmitted(f"t{number}", "team", "bytes", bytes(1500), ID, 1.0)
        event = Event(1.0, "start", f"t{number}", None, {})
        journal.append([task, event], source="s", number=number + 1)

    acknowledged = write_until_full(write)
    assert acknowledged > 0
    assert journal.counts()["submitted"] == acknowledged == len(_events(journal))
    with journal._file.read() as connection:
        connection.execute("PRAGMA max_page_count = 10000")
    journal.append([Event(2.0, "start", "later", None, {})], source="s", number=acknowledged + 1)
    assert journal.last_number("s") == acknowledged + 1
    assert len(_events(journal)) == acknowledged + 1
    journal.verify()


def test_a_file_of_another_kind_is_no_journal(tmp_path: Path) -> None:
    from shoal.runtime.durable import SqliteStateStore

    SqliteStateStore(tmp_path / "journal.db").close()
    with pytest.raises(StoreBroken, match="no journal"):
        Journal(tmp_path / "journal.db")
