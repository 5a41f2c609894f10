"""What is new in a run's journal since the last look: batches of messages and spans, and tasks that ended."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from shoal.runtime.durable.sqlite_file import SqliteFile
from shoal.runtime.errors import ProtocolError
from shoal.runtime.journal import ledger
from shoal.runtime.journal.batches import MESSAGES, SPANS, unpack_rows
from shoal.runtime.journal.entries import ASK, TELL, MessageEntry, SpanEntry
from shoal.runtime.journal.ledger import TaskEntry, TaskState
from shoal.runtime.journal.run_directory import JOURNAL_FILE
from shoal.runtime.journal.schema import KIND

E = TypeVar("E", MessageEntry, SpanEntry)
_ENDS = tuple(state.value for state in TaskState if state is not TaskState.SUBMITTED)
_OVERLAP_S = 60.0
"""Ends are looked for again so far back: they are written in about, not exactly, the order of their times."""
_AT_ONCE = 16


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
        return self._rows(MESSAGES, "packed", _message)

    def spans(self) -> Iterator[SpanEntry]:
        """Spans that were journaled since. Raises ``StoreError``."""
        return self._rows(SPANS, "NULL", _span)

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

    def _rows(self, table: str, packed: str, entry: Callable[[Any], E | None]) -> Iterator[E]:
        file = self._opened()
        query = f"SELECT batch, {packed}, rows FROM {table} WHERE batch > ? ORDER BY batch LIMIT {_AT_ONCE}"
        while file is not None:
            with file.read() as connection:
                found = _fetched(connection, query, self._batches[table])
            for batch, raw, text in found:
                for row in _unpacked(raw) if raw is not None else _parsed(text):
                    if (one := entry(row)) is not None:
                        yield one
                self._batches[table] = batch
            if len(found) < _AT_ONCE:
                return


def _fetched(connection: sqlite3.Connection, query: str, after: int) -> list[tuple[int, Any, Any]]:
    return connection.execute(query, (after,)).fetchall()


def _unpacked(raw: Any) -> list[Any]:
    """A damaged batch has no rows, as for every reader of the journal."""
    try:
        return unpack_rows(raw)
    except ProtocolError:
        return []


def _parsed(text: Any) -> list[Any]:
    try:
        rows = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return []
    return rows if isinstance(rows, list) else []


def _message(row: Any) -> MessageEntry | None:
    if type(row) is not list or len(row) != len(MessageEntry._fields):
        return None
    fields = dict(zip(MessageEntry._fields, row, strict=True))
    cause = fields["cause"]
    fields |= {"id": _hex(fields["id"]), "cause": None if cause is None else _hex(cause)}
    return MessageEntry(**{**fields, "kind": ASK if fields["kind"] else TELL})


def _span(row: Any) -> SpanEntry | None:
    if type(row) is not list or len(row) != len(SpanEntry._fields):
        return None
    own_id, parent, *rest = row
    return SpanEntry(_hex(own_id), _hex(parent), *rest)


def _hex(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
