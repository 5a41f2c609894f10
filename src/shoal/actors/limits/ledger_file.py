"""The book's file: ``limits.db`` in the run directory. Everything in it blocks.

A batch of changed rows is written as one row of ``batches``: one step of SQLite, not one for each of them. That takes
some 50 µs, without a sync of the disk, so it is done on the event loop: through a thread a permit costs 790 µs, so 460
(2 cores under load). What is slow is put off: every so many batches are folded into ``rows``, the newest of each, and
SQLite's log into the file, by ``tend``.

Each opening takes a new epoch, and every transaction checks that it is still the newest: of two limiters on one file
the older one can write nothing, and so grants nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgpack

from shoal.actors.limits.rows import Row
from shoal.runtime.durable.errors import Fenced
from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.durable.sqlite_file import FileKind, SqliteFile, row_sum

FILE_NAME = "limits.db"
KIND = FileKind(
    name="limits ledger",
    application_id=0x53484C4D,
    version=1,
    schema=(
        "CREATE TABLE epoch (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL)",
        """CREATE TABLE rows (
            kind TEXT NOT NULL, key TEXT NOT NULL, packed BLOB NOT NULL, sum BLOB NOT NULL, PRIMARY KEY (kind, key)
        ) WITHOUT ROWID""",
        "CREATE TABLE batches (number INTEGER PRIMARY KEY, packed BLOB NOT NULL, sum BLOB NOT NULL)",
    ),
    remedy="What was spent is not known any more: move it away with the files whose names begin like its own, and "
    "start again with the budgets that are left by your own accounts",
)
_FOLD_EVERY = 2000
_BUSY_S = 1.0
"""Nobody else writes it, but for a limiter that was given up and does not know it."""
_ADD_BATCH = "INSERT INTO batches (packed, sum) SELECT ?, ? WHERE (SELECT epoch FROM epoch) = ?"
_NEXT_EPOCH = "INSERT INTO epoch VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET epoch = epoch + 1"


def read_rows(path: Path) -> list[Row]:
    """What is in a file now, each row checked; nothing is changed. Raises ``StoreError``."""
    file = SqliteFile(path, KIND, create=False, read_only=True)
    try:
        with file.read() as connection:
            connection.execute("BEGIN")  # both tables as of one moment: batches are folded into rows
            found = connection.execute("SELECT kind, key, packed, sum FROM rows").fetchall()
            newest = _newest(file, connection)
            connection.execute("COMMIT")
    finally:
        file.close()
    rows = _checked(file, found)
    return [row for row in rows if row[:2] not in newest] + [
        Row(*place, value) for place, value in newest.items() if value is not None
    ]


class LedgerFile:
    """Open until it is closed. Raises ``StoreError``."""

    def __init__(self, directory: Path) -> None:
        """Open or make it, and take the next epoch."""
        path = directory / FILE_NAME
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise describe_os_error(exc, path, f"create {KIND.name}") from exc
        self._file = SqliteFile(path, KIND, busy_s=_BUSY_S, folds_itself=False)
        self._batches = 0
        try:
            with self._file.write() as connection:
                connection.execute(_NEXT_EPOCH)
                self.epoch: int = self._epoch(connection)
        except BaseException:
            self._file.close()
            raise

    def load(self) -> list[Row]:
        """All rows, each checked; the batches are folded first."""
        with self._file.write() as connection:
            self._fold(connection)
            found = connection.execute("SELECT kind, key, packed, sum FROM rows").fetchall()
        return _checked(self._file, found)

    def write(self, rows: Sequence[Row]) -> None:
        """All of them or none. Raises :class:`Fenced` when another limiter has opened the file."""
        packed = msgpack.packb(rows)
        with self._file.write() as connection:
            written = connection.execute(_ADD_BATCH, (packed, row_sum(packed), self.epoch)).rowcount
            if written != 1:
                raise Fenced(
                    f"limits ledger {self._file.path}: another limiter has opened it",
                    path=str(self._file.path),
                )
            self._batches += 1

    @property
    def wants_tending(self) -> bool:
        """Whether enough was put off."""
        return self._batches >= _FOLD_EVERY

    def tend(self) -> None:
        """Do what was put off: some ten milliseconds. Call it in a thread, while nothing is written."""
        with self._file.write() as connection:
            self._fold(connection)
        self._file.fold()

    def _fold(self, connection: sqlite3.Connection) -> None:
        newest = _newest(self._file, connection)
        puts = [
            (*place, value, row_sum(*place, value)) for place, value in newest.items() if value is not None
        ]
        gone = [place for place, value in newest.items() if value is None]
        connection.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", puts)
        connection.executemany("DELETE FROM rows WHERE kind = ? AND key = ?", gone)
        connection.execute("DELETE FROM batches")
        self._batches = 0

    def broken(self, why: str) -> Exception:
        """The error to raise when a row cannot be read."""
        return self._file.broken(why)

    def close(self) -> None:
        """Let go of it."""
        self._file.close()

    def _epoch(self, connection: sqlite3.Connection) -> int:
        row = connection.execute("SELECT epoch FROM epoch").fetchone()
        return int(row[0]) if row is not None else 0


def _newest(file: SqliteFile, connection: sqlite3.Connection) -> dict[tuple[str, str], bytes | None]:
    """What the batches say that are not folded."""
    newest: dict[tuple[str, str], bytes | None] = {}
    for number, packed, stored in connection.execute("SELECT * FROM batches ORDER BY number"):
        if row_sum(packed) != stored:
            raise file.broken(f"batch {number} is not what was written")
        for kind, key, value in msgpack.unpackb(packed):
            newest[kind, key] = value
    return newest


def _checked(file: SqliteFile, found: Sequence[tuple[str, str, bytes, bytes]]) -> list[Row]:
    for kind, key, packed, stored in found:
        if row_sum(kind, key, packed) != stored:
            raise file.broken(f"the row of {kind} {key!r} is not what was written")
    return [Row(kind, key, packed) for kind, key, packed, _ in found]
