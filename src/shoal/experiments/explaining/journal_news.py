"""What is new in a run's journal since the last look: batches of messages and spans, and tasks that ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shoal.runtime.durable.sqlite_file import SqliteFile
from shoal.runtime.journal import ledger
from shoal.runtime.journal.batch_reading import batches_after, message_of, span_of
from shoal.runtime.journal.batches import MESSAGES, SPANS
from shoal.runtime.journal.entries import MessageEntry, SpanEntry
from shoal.runtime.journal.ledger import TaskEntry, TaskState
from shoal.runtime.journal.run_directory import JOURNAL_FILE
from shoal.runtime.journal.schema import KIND

_ENDS = tuple(state.value for state in TaskState if state is not TaskState.SUBMITTED)
_OVERLAP_S = 60.0
"""Ends are looked for again so far back: they are written in about, not exactly, the order of their times."""


class JournalNews:
    """Of one run. Each call gives what came since the one before it."""

    def __init__(self, run: Path) -> None:
        """``run``: its directory. The journal may be made later."""
        self._path = run / JOURNAL_FILE
        self._file: SqliteFile | None = None
        self._batches = {MESSAGES: 0, SPANS: 0}
        self._told: dict[str, float] = {}
        """When tasks ended that were given, those of the overlap."""
        self._newest = float("-inf")

    def messages(self) -> Iterator[MessageEntry]:
        """Messages that were journaled since. Raises ``StoreError``."""
        return filter(None, map(message_of, self._new(MESSAGES)))

    def spans(self) -> Iterator[SpanEntry]:
        """Spans that were journaled since. Raises ``StoreError``."""
        return filter(None, map(span_of, self._new(SPANS)))

    def ended(self) -> list[TaskEntry]:
        """Tasks that ended since, by when; one that began again and ended again is there again."""
        file = self._opened()
        if file is None:
            return []
        since = self._newest - _OVERLAP_S
        found: list[TaskEntry] = []
        with file.read() as connection:
            for state in _ENDS:
                query = f"{ledger.ALL} WHERE state = ? AND ended_at >= ?"
                rows = connection.execute(query, (state, max(since, 0.0))).fetchall()
                found += [ledger.checked(file, row) for row in rows]
        fresh = [entry for entry in found if self._told.get(entry.task) != entry.ended_at]
        self._told |= {entry.task: entry.ended_at or 0.0 for entry in fresh}
        self._newest = max((at for at in self._told.values()), default=self._newest)
        self._told = {task: at for task, at in self._told.items() if at >= self._newest - _OVERLAP_S}
        return sorted(fresh, key=lambda entry: entry.ended_at or 0.0)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _opened(self) -> SqliteFile | None:
        if self._file is None and self._path.exists():
            self._file = SqliteFile(self._path, KIND, read_only=True)
        return self._file

    def _new(self, table: str) -> Iterator[Any]:
        file = self._opened()
        if file is None:
            return
        for batch, rows in batches_after(file, table, self._batches[table]):
            yield from rows
            self._batches[table] = batch
