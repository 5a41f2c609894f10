"""The writer of a run's journal: many records in one transaction, and the ledger of tasks.

``append`` is the recorder's way in: what it was given is written together, and safe from the death of any process
once it returns. A sender that repeats a batch after an error, or because its recorder died, gives the batch's number:
a batch that was written is not written twice.

Measured on 2 cores that others used too, ext4, SQLite 3.40, ``NORMAL``, batches of 1,024: 1.0 µs a message (0.5 at its
sender, 0.5 here), and 3 µs to settle it, later; in batches of 64, 58 µs a task from submission to result::

    python -m timeit -s 'from pathlib import Path; from tempfile import mkdtemp
    from shoal.runtime.journal import Journal, messages_handled
    row = (bytes(12), bytes(12), "task-1", "team/a", "team/b", "app:Ticket", 200, 1.8e9, 0.001, "done", 0.002, 0, 1)
    j = Journal(Path(mkdtemp()) / "journal.db")' 'j.append([messages_handled([row] * 1024)])'  # and j.settle()
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from shoal.runtime.durable.sqlite_file import SqliteFile, Synchronous
from shoal.runtime.errors import ConfigError, ProtocolError
from shoal.runtime.journal import batches as batch_rows
from shoal.runtime.journal import ledger
from shoal.runtime.journal.errors import RunError, TaskConflict, TaskUnknown
from shoal.runtime.journal.ledger import TaskEntry, TaskState
from shoal.runtime.journal.records import (
    EffectNoted,
    Event,
    MessagesHandled,
    Record,
    SpansNoted,
    TaskEnded,
    TaskResubmitted,
    TaskSubmitted,
)
from shoal.runtime.journal.schema import KIND

Outcome = TaskEntry | TaskConflict | TaskUnknown | None
"""What became of a record: the task's entry, or why it was refused; ``None`` for records that are no task's."""

_EVENT = "INSERT INTO events (at, kind, agent, task, data) VALUES (?, ?, ?, ?, ?)"
_EFFECT = "INSERT OR REPLACE INTO effects VALUES (?, ?, ?, ?, ?)"
_UNWRITABLE = (
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.IntegrityError,
    OverflowError,
    UnicodeEncodeError,
)
_SETTLED_AT_ONCE = 65_536
"""Messages in one transaction: some 20 MB."""
_ENDS = frozenset(state.value for state in TaskState) - {TaskState.SUBMITTED.value}


class Batch(NamedTuple):
    """Records that belong together, and who sends them as which of its batches."""

    source: str
    number: int
    records: Sequence[Record]


class Journal:
    """An open journal. One process writes it at a time; anyone may read."""

    def __init__(
        self,
        path: Path,
        *,
        create: bool = True,
        synchronous: Synchronous = Synchronous.NORMAL,
        busy_s: float = 10.0,
    ) -> None:
        """Open or make the file. Raises :class:`StoreError` and its subclasses."""
        self._file = SqliteFile(path, KIND, create=create, synchronous=synchronous, busy_s=busy_s)

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    def append(self, records: Sequence[Record], *, source: str = "", number: int = 0) -> list[Outcome]:
        """Write the records in one transaction; what became of each comes back in their order.

        ``source`` and ``number``: who sends the batch, and its number there, which grows from 1. A number that is
        not above the last one written is a repetition: nothing is written, and tasks' entries come back as they
        are. A refused task does not keep the others from being written. Raises :class:`ProtocolError` for a value
        SQLite has no type for, and :class:`StoreError`; nothing is written then.
        """
        return self.append_all([Batch(source, number, records)])[0]

    def append_all(self, batches: Sequence[Batch]) -> list[list[Outcome]]:
        """Write several batches in one transaction, each as :meth:`append` would: all of them, or none."""
        with self._file.write() as connection:
            return [self._append(connection, batch) for batch in batches]

    def _append(self, connection: sqlite3.Connection, batch: Batch) -> list[Outcome]:
        if batch.source and not self._is_new(connection, batch.source, batch.number):
            return [self._again(connection, record) for record in batch.records]
        try:
            return [self._write(connection, record) for record in batch.records]
        except _UNWRITABLE as exc:
            raise ProtocolError(f"a journal record holds a value that cannot be written: {exc}") from exc

    def submit(
        self, task: str, team: str, tag: str, payload: bytes, message_id: bytes, *, at: float
    ) -> TaskEntry:
        """Enter a task. The same id and payload again: what is recorded. Raises :class:`TaskConflict`."""
        return _entry(self.append([TaskSubmitted(task, team, tag, payload, message_id, at)])[0])

    def resubmit(self, task: str, *, at: float, message_id: bytes = b"", again: bool = False) -> TaskEntry:
        """Count one more attempt of a task that is open, or (``again``) failed. Raises :class:`TaskUnknown`."""
        return _entry(self.append([TaskResubmitted(task, message_id, again, at)])[0])

    def finish(self, task: str, tag: str, payload: bytes, *, at: float) -> TaskEntry:
        """Enter a task's result; what counts comes back: the first one. Raises :class:`TaskUnknown`."""
        return _entry(self.append([TaskEnded(task, TaskState.DONE, tag, payload, "", "", {}, at)])[0])

    def fail(
        self,
        task: str,
        error: str,
        text: str,
        details: dict[str, Any] | None = None,
        *,
        state: TaskState = TaskState.FAILED,
        tag: str = "",
        payload: bytes = b"",
        at: float,
    ) -> TaskEntry:
        """Enter that a task failed, is ``PARTIAL`` (with ``tag`` and ``payload``) or ``ABANDONED``.

        ``error`` is the error's class name. What counts comes back. Raises :class:`TaskUnknown`.
        """
        return _entry(self.append([TaskEnded(task, state, tag, payload, error, text, details or {}, at)])[0])

    def get(self, task: str) -> TaskEntry | None:
        """The task's entry; ``None`` when it was never submitted."""
        with self._file.read() as connection:
            return ledger.get(self._file, connection, task)

    def open_tasks(self) -> Iterator[TaskEntry]:
        """Tasks without a result, in the order of their submission."""
        return ledger.open_tasks(self._file)

    def counts(self) -> dict[str, int]:
        """How many tasks are in each state."""
        with self._file.read() as connection:
            return ledger.counts(connection)

    def last_number(self, source: str) -> int:
        """The number of the last batch written from this source; 0 when there is none."""
        with self._file.read() as connection:
            row = connection.execute("SELECT number FROM sources WHERE source = ?", (source,)).fetchone()
        return row[0] if row else 0

    def verify(self) -> None:
        """Check the whole file and every task, in time proportional to it. Raises :class:`StoreBroken`."""
        self._file.check_structure()
        with self._file.read() as connection:
            for row in connection.execute(ledger.ALL):
                ledger.checked(self._file, row)
            for kind in ("message", "span"):
                bad = connection.execute(
                    f"SELECT batch FROM {kind}_batches WHERE rows IS NOT NULL AND NOT json_valid(rows)"
                ).fetchone()
                if bad:
                    raise self._file.broken(f"{kind} batch {bad[0]} is not what was written")

    def settle(self, most: int | None = None) -> bool:
        """Make JSON of messages that are none yet, of about ``most`` or of all: the view shows them then.

        Returns whether there may be more. Raises :class:`StoreError`.
        """
        if most is not None:
            return batch_rows.settle(self._file, most)
        while batch_rows.settle(self._file, _SETTLED_AT_ONCE):
            pass
        return False

    def close(self) -> None:
        """Let go of the file. Closing twice is fine."""
        self._file.close()

    def _is_new(self, connection: sqlite3.Connection, source: str, number: int) -> bool:
        row = connection.execute("SELECT number FROM sources WHERE source = ?", (source,)).fetchone()
        if row is not None and number <= row[0]:
            return False
        connection.execute("INSERT OR REPLACE INTO sources VALUES (?, ?)", (source, number))
        return True

    def _again(self, connection: sqlite3.Connection, record: Record) -> Outcome:
        if isinstance(record, TaskSubmitted):
            return ledger.submit(self._file, connection, record)
        if isinstance(record, TaskResubmitted | TaskEnded):
            return ledger.get(self._file, connection, record.task)
        return None

    def _write(self, connection: sqlite3.Connection, record: Record) -> Outcome:
        match record:
            case MessagesHandled():
                batch_rows.add_messages(connection, record)
            case SpansNoted():
                batch_rows.add_spans(connection, record)
            case Event():
                self._note(connection, record)
            case EffectNoted():
                connection.execute(_EFFECT, record)
            case TaskSubmitted():
                return ledger.submit(self._file, connection, record)
            case TaskResubmitted():
                return ledger.resubmit(self._file, connection, record)
            case TaskEnded():
                return self._end(connection, record)
        return None

    def _end(self, connection: sqlite3.Connection, record: TaskEnded) -> Outcome:
        if record.state not in _ENDS:
            raise ProtocolError(
                f"a task cannot end as {record.state!r}: it is one of {', '.join(sorted(_ENDS))}"
            )
        outcome, late = ledger.end(self._file, connection, record)
        if late and isinstance(outcome, TaskEntry):
            same = (outcome.state, outcome.result_tag, outcome.result) == (
                record.state, record.tag, record.payload,
            )  # fmt: skip
            data = {"counts": outcome.state, "late": record.state, "same": same, "error": record.error}
            self._note(connection, Event(record.at, "late_result", None, record.task, data))
        return outcome

    def _note(self, connection: sqlite3.Connection, event: Event) -> None:
        connection.execute(
            _EVENT, (event.at, event.kind, event.agent, event.task, ledger.as_json(event.data))
        )


def settle_journal(path: Path) -> None:
    """Make JSON of all messages in a journal that nobody writes any more. Raises :class:`StoreError`."""
    journal = Journal(path, create=False)
    try:
        journal.settle()
    finally:
        journal.close()


def _entry(outcome: Outcome) -> TaskEntry:
    if isinstance(outcome, RunError):
        raise outcome
    if outcome is None:
        raise ConfigError("a task's record always has an outcome")
    return outcome
