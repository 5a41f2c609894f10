"""Looks at runs without touching them: the data of ``shoal runs`` and ``shoal show``.

Files are opened read-only (``mode=ro``), also while another process writes them and after it was killed. Who reads
needs the right to write in the directory all the same: SQLite keeps its index of the write-ahead log there.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from shoal.runtime.durable.sqlite_file import SqliteFile
from shoal.runtime.errors import ShoalError
from shoal.runtime.journal import ledger
from shoal.runtime.journal.batch_reading import all_messages, all_spans, messages_of, spans_of
from shoal.runtime.journal.entries import MessageEntry, SpanEntry
from shoal.runtime.journal.happenings import RESTARTING, RUN_FINISHED, RUN_STARTED
from shoal.runtime.journal.ledger import TaskEntry, TaskState
from shoal.runtime.journal.manifest import FILE_NAME, Manifest, read_manifest
from shoal.runtime.journal.run_directory import JOURNAL_FILE, find_directory, runs_root
from shoal.runtime.journal.run_lock import Holder, holder_of
from shoal.runtime.journal.schema import KIND
from shoal.runtime.journal.sessions import KINDS, Session, sessions_of

RUNNING, INTERRUPTED, FINISHED, EMPTY, BROKEN = "running", "interrupted", "finished", "empty", "broken"
"""What a run is: some process has it; its program did not come to its end, or tasks are open, and no process has it;
the program came to its end and all tasks ended; nothing was begun; unreadable."""


_LAST_EVENT = "SELECT coalesce(max(seq), 0) FROM events WHERE kind = ?"
_COUNT_EVENTS = "SELECT count(*) FROM events WHERE kind = ?"


class RunSummary(NamedTuple):
    """A run in a list."""

    run: str
    created_at: float
    status: str
    """``running``, ``interrupted`` (resume it), ``finished``, ``empty`` or ``broken``."""
    counts: dict[str, int]
    """Tasks in each state."""
    events: int
    last_at: float | None
    """When the last event was, or the last task ended."""
    program: str
    holder: Holder | None
    problem: str
    """Why it is broken."""
    restarts: int = 0
    """How often an agent's process was started again."""

    @property
    def headline(self) -> str:
        """The run in one line: how many tasks, and in which states."""
        if self.problem:
            return self.problem
        parts = [f"{count} {state}" for state, count in self.counts.items() if count]
        return f"{sum(self.counts.values())} tasks" + (f": {', '.join(parts)}" if parts else "")


class EventEntry(NamedTuple):
    """An event as the journal has it."""

    seq: int
    at: float
    kind: str
    agent: str | None
    task: str | None
    data: dict[str, Any]


class RunReader:
    """A run to look at. Raises :class:`StoreBroken` when its journal is damaged."""

    def __init__(self, path: Path) -> None:
        """Open the run in this directory. Raises :class:`RunNotFound`, :class:`StoreError` and its subclasses."""
        self.path = path
        self.manifest: Manifest = read_manifest(path)
        journal = path / JOURNAL_FILE
        self._file = SqliteFile(journal, KIND, read_only=True) if journal.exists() else None

    def summary(self) -> RunSummary:
        """The run as one line of a list."""
        counts = {state.value: 0 for state in TaskState}
        events, restarts, last_at = 0, 0, None
        begun = came_to_end = 0
        if self._file is not None:
            with self._file.read() as connection:
                counts = ledger.counts(connection)
                newest = connection.execute("SELECT seq, at FROM events ORDER BY seq DESC LIMIT 1").fetchone()
                ended = ledger.last_ended_at(connection)
                begun, came_to_end = (_last(connection, kind) for kind in (RUN_STARTED, RUN_FINISHED))
                restarts = connection.execute(_COUNT_EVENTS, (RESTARTING,)).fetchone()[0]
            events = newest[0] if newest else 0
            last_at = max((at for at in (newest and newest[1], ended) if at is not None), default=None)
        holder = holder_of(self.path)
        return RunSummary(
            run=self.manifest.run,
            created_at=self.manifest.created_at,
            status=_status(counts, holder, begun, came_to_end),
            counts=counts,
            events=events,
            last_at=last_at,
            program=" ".join(self.manifest.argv),
            holder=holder,
            problem="",
            restarts=restarts,
        )

    def task(self, task: str) -> TaskEntry | None:
        """One task; ``None`` when the ledger does not have it."""
        if self._file is None:
            return None
        with self._file.read() as connection:
            return ledger.get(self._file, connection, task)

    def tasks(self, state: str | None = None, *, limit: int = 1000, skip: int = 0) -> list[TaskEntry]:
        """Tasks in the order of their submission, of one state or of all."""
        if self._file is None:
            return []
        where, bound = ("WHERE state = ?", (state,)) if state else ("", ())
        query = f"{ledger.ALL} {where} ORDER BY rowid LIMIT ? OFFSET ?"
        with self._file.read() as connection:
            rows = connection.execute(query, (*bound, limit, skip)).fetchall()
        return [ledger.checked(self._file, row) for row in rows]

    def events(
        self, *, limit: int = 50, kind: str | None = None, agent: str | None = None, task: str | None = None
    ) -> list[EventEntry]:
        """The last events that match, oldest first."""
        if self._file is None:
            return []
        asked = {"kind": kind, "agent": agent, "task": task}
        wanted = {column: value for column, value in asked.items() if value is not None}
        where = "WHERE " + " AND ".join(f"{column} = ?" for column in wanted) if wanted else ""
        query = f"SELECT seq, at, kind, agent, task, data FROM events {where} ORDER BY seq DESC LIMIT ?"
        with self._file.read() as connection:
            rows = connection.execute(query, (*wanted.values(), limit)).fetchall()
        return [_event(self._file, row) for row in reversed(rows)]

    def sessions(self) -> list[Session]:
        """The programs that had the run, one after the other; :func:`session_at` says to which a time belongs."""
        if self._file is None:
            return []
        query = f"SELECT seq, at, kind, agent, task, data FROM events WHERE kind IN ({', '.join('?' * len(KINDS))})"
        with self._file.read() as connection:
            rows = connection.execute(f"{query} ORDER BY seq", KINDS).fetchall()
        return sessions_of(
            (event.at, event.kind, event.data) for event in (_event(self._file, row) for row in rows)
        )

    def message_count(self) -> int:
        """How many messages were journaled."""
        if self._file is None:
            return 0
        with self._file.read() as connection:
            counted: int = connection.execute(
                "SELECT coalesce(sum(count), 0) FROM message_batches"
            ).fetchone()[0]
        return counted

    def messages(self, task: str | None = None, *, limit: int | None = None) -> list[MessageEntry]:
        """The messages of a task, by when their handling began, or of all tasks as :meth:`iter_messages` gives them.

        ``limit``: at most so many. A message that was handled again after a death of its agent is there twice.
        """
        if self._file is None:
            return []
        if task is None:
            return list(islice(self.iter_messages(), limit))
        return messages_of(self._file, task, limit)

    def iter_messages(self) -> Iterator[MessageEntry]:
        """Every message, in the order in which they were journaled: at each host, that in which they ended."""
        return all_messages(self._file) if self._file is not None else iter(())

    def spans(self, task: str | None = None) -> list[SpanEntry]:
        """The spans of a task, by when they began, or of all tasks as :meth:`iter_spans` gives them.

        Each is there once, also when it was noted again because its message was handled again.
        """
        if self._file is None:
            return []
        return list(self.iter_spans()) if task is None else spans_of(self._file, task)

    def iter_spans(self) -> Iterator[SpanEntry]:
        """Every span once, in the order in which they were journaled. Remembers their ids meanwhile."""
        return all_spans(self._file) if self._file is not None else iter(())

    def close(self) -> None:
        """Let go of the files. Closing twice is fine."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> RunReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_run(run: Path | str, *, root: Path | str | None = None) -> RunReader:
    """The run of this name, or in this directory, to look at.

    Raises :class:`RunNotFound`, :class:`StoreError` and its subclasses.
    """
    return RunReader(find_directory(run, root=root))


def list_runs(root: Path | str | None = None) -> list[RunSummary]:
    """All runs under the root, newest first. One that cannot be read is there with its ``problem``."""
    parent = runs_root(root)
    found = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for path in parent.iterdir():
            if not path.name.startswith(".") and (path / FILE_NAME).exists():
                found.append(_summary(path))
    return sorted(found, key=lambda each: (each.created_at, each.run), reverse=True)


def _summary(path: Path) -> RunSummary:
    created_at = 0.0
    try:
        created_at = (path / FILE_NAME).stat().st_mtime
        with RunReader(path) as reader:
            return reader.summary()
    except (ShoalError, OSError) as exc:
        return RunSummary(path.name, created_at, BROKEN, {}, 0, None, "", holder_of(path), str(exc))


def _status(counts: dict[str, int], holder: Holder | None, begun: int, came_to_end: int) -> str:
    if holder is not None:
        return RUNNING
    if not begun and not any(counts.values()):
        return EMPTY
    return INTERRUPTED if counts[TaskState.SUBMITTED] or begun > came_to_end else FINISHED


def _last(connection: sqlite3.Connection, kind: str) -> int:
    found: int = connection.execute(_LAST_EVENT, (kind,)).fetchone()[0]
    return found


def _event(file: SqliteFile, row: tuple[Any, ...]) -> EventEntry:
    try:
        seq, at, kind, agent, task, text = row
        data = json.loads(text)
        if type(data) is not dict:
            raise TypeError("an object is expected")
        return EventEntry(seq, at, kind, agent, task, data)
    except (TypeError, ValueError) as exc:
        raise file.broken(f"event {row[0]} is not what was written") from exc
