"""The ledger: each task of a run, from its submission to its one result. Statements inside a caller's transaction.

A task is submitted under an id; the same id and payload again is the same task. The first end counts: a later one
changes nothing and is noted as an event ``late_result``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from shoal.runtime.durable.sqlite_file import SqliteFile, row_sum
from shoal.runtime.journal.errors import TaskConflict, TaskUnknown
from shoal.runtime.journal.records import TaskEnded, TaskResubmitted, TaskSubmitted

_PAGE = 256
_ENCODER = json.JSONEncoder(default=repr, ensure_ascii=False, skipkeys=True)
_COLUMNS = (
    "task, state, team, tag, payload, message_id, attempts, result_tag, result, error, error_text, "
    "error_details, submitted_at, ended_at"
)
_GET = f"SELECT {_COLUMNS}, sum FROM tasks WHERE task = ?"
_OPEN = (
    f"SELECT rowid, {_COLUMNS}, sum FROM tasks WHERE state = 'submitted' AND ended_at IS NULL AND rowid > ? "
    f"ORDER BY rowid LIMIT {_PAGE}"
)
ALL = f"SELECT {_COLUMNS}, sum FROM tasks"
"""Every task with its checksum."""
_INSERT = f"INSERT INTO tasks ({_COLUMNS}, sum) VALUES ({', '.join('?' * 15)})"
_UPDATE = """UPDATE tasks SET state = ?, message_id = ?, attempts = ?, result_tag = ?, result = ?, error = ?,
    error_text = ?, error_details = ?, ended_at = ?, sum = ? WHERE task = ?"""
_MAY_BEGIN_AGAIN = frozenset({"failed", "abandoned"})


class TaskState(StrEnum):
    """Where a task is."""

    SUBMITTED = "submitted"
    DONE = "done"
    FAILED = "failed"
    PARTIAL = "partial"
    """There is a result, and an error that says what is missing."""
    ABANDONED = "abandoned"
    """Nobody wants it any more."""


class TaskEntry(NamedTuple):
    """A task as the ledger has it."""

    task: str
    state: str
    team: str
    tag: str
    payload: bytes
    message_id: bytes
    attempts: int
    result_tag: str
    result: bytes
    error: str
    error_text: str
    error_details: str
    """JSON."""
    submitted_at: float
    ended_at: float | None

    @property
    def open(self) -> bool:
        """Whether it still has no result."""
        return self.state == TaskState.SUBMITTED


def get(file: SqliteFile, connection: sqlite3.Connection, task: str) -> TaskEntry | None:
    """The task's entry. Raises :class:`StoreBroken` when the row is damaged."""
    row = connection.execute(_GET, (task,)).fetchone()
    return None if row is None else checked(file, row)


def checked(file: SqliteFile, row: tuple[Any, ...]) -> TaskEntry:
    """The entry of a row with its checksum."""
    if row_sum(*row[:-1]) != row[-1]:
        raise file.broken(f"task {row[0]!r} is not what was written")
    return TaskEntry(*row[:-1])


def open_tasks(file: SqliteFile) -> Iterator[TaskEntry]:
    """Tasks without a result in the order of their submission, read a page at a time."""
    last = 0
    while True:
        with file.read() as connection:
            rows = connection.execute(_OPEN, (last,)).fetchall()
        for row in rows:
            yield checked(file, row[1:])
        if len(rows) < _PAGE:
            return
        last = rows[-1][0]


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many tasks are in each state; every state is there."""
    found = dict(connection.execute("SELECT state, count(*) FROM tasks GROUP BY state"))
    return {state.value: found.get(state.value, 0) for state in TaskState}


def last_ended_at(connection: sqlite3.Connection) -> float | None:
    """When the last task ended; ``None`` when none has."""
    ends = [row[0] for row in connection.execute("SELECT max(ended_at) FROM tasks GROUP BY state")]
    return max((end for end in ends if end is not None), default=None)


def submit(
    file: SqliteFile, connection: sqlite3.Connection, record: TaskSubmitted
) -> TaskEntry | TaskConflict:
    """Enter a task, or find it entered already."""
    known = get(file, connection, record.task)
    if known is not None:
        if (known.tag, known.payload) == (record.tag, record.payload):
            return known
        return TaskConflict(
            f"task {record.task!r} is in the ledger with another payload: give the new task another id",
            task=record.task,
        )
    entry = TaskEntry(
        record.task, TaskState.SUBMITTED.value, record.team, record.tag, record.payload, record.message_id, 1,
        "", b"", "", "", "{}", float(record.at), None,
    )  # fmt: skip
    connection.execute(_INSERT, (*entry, row_sum(*entry)))
    return entry


def resubmit(
    file: SqliteFile, connection: sqlite3.Connection, record: TaskResubmitted
) -> TaskEntry | TaskUnknown:
    """Count one more attempt of an open task; one that has ended stays as it is, unless it is to begin again."""
    known = get(file, connection, record.task)
    if known is None:
        return _unknown(record.task)
    if not known.open:
        if not (record.again and known.state in _MAY_BEGIN_AGAIN):
            return known
        known = known._replace(
            state=TaskState.SUBMITTED.value, error="", error_text="", error_details="{}", ended_at=None
        )
    entry = known._replace(attempts=known.attempts + 1, message_id=record.message_id or known.message_id)
    _update(connection, entry)
    return entry


def end(
    file: SqliteFile, connection: sqlite3.Connection, record: TaskEnded
) -> tuple[TaskEntry | TaskUnknown, bool]:
    """Enter a task's end, and whether it was too late: what counts is the entry that comes back."""
    known = get(file, connection, record.task)
    if known is None:
        return _unknown(record.task), False
    if not known.open:
        return known, True
    entry = known._replace(
        state=TaskState(record.state).value,
        result_tag=record.tag,
        result=record.payload,
        error=record.error,
        error_text=record.text,
        error_details=as_json(record.details),
        ended_at=float(record.at),
    )
    _update(connection, entry)
    return entry, False


def as_json(data: dict[str, Any]) -> str:
    """JSON text of details or an event's data; what JSON has no type for as its ``repr``."""
    return _ENCODER.encode(data)


def _update(connection: sqlite3.Connection, entry: TaskEntry) -> None:
    connection.execute(
        _UPDATE,
        (
            entry.state, entry.message_id, entry.attempts, entry.result_tag, entry.result, entry.error,
            entry.error_text, entry.error_details, entry.ended_at, row_sum(*entry), entry.task,
        ),
    )  # fmt: skip


def _unknown(task: str) -> TaskUnknown:
    return TaskUnknown(f"task {task!r} is not in the ledger", task=task)
