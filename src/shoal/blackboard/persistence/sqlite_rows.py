"""The rows of a region in its SQLite file. See :mod:`.region_rows`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from shoal.blackboard.persistence.region_rows import AnswerRow, SnapshotRow
from shoal.blackboard.persistence.rows import RegionRow, VersionRow
from shoal.runtime.durable.errors import StoreBroken
from shoal.runtime.durable.sqlite_file import FileKind, SqliteFile

_REGION = ", ".join(RegionRow._fields)
KIND = FileKind(
    name="region log",
    application_id=0x53484F42,
    version=2,
    schema=(
        """CREATE TABLE region (
            id INTEGER PRIMARY KEY CHECK (id = 1), region_id TEXT NOT NULL, session TEXT NOT NULL, name TEXT NOT NULL,
            generation INTEGER NOT NULL, epoch INTEGER NOT NULL, beat REAL NOT NULL, closed INTEGER NOT NULL,
            head INTEGER NOT NULL, compacted INTEGER NOT NULL, trimmed INTEGER NOT NULL, snapshot INTEGER NOT NULL,
            snapshot_rows INTEGER NOT NULL, snapshot_sum INTEGER NOT NULL, kept_rows INTEGER NOT NULL,
            kept_sum INTEGER NOT NULL, answered INTEGER NOT NULL, answer_bytes INTEGER NOT NULL, sum INTEGER NOT NULL
        )""",
        """CREATE TABLE versions (
            place INTEGER PRIMARY KEY, size INTEGER NOT NULL, data BLOB NOT NULL, sum INTEGER NOT NULL
        )""",
        """CREATE TABLE snapshot (
            key BLOB PRIMARY KEY, place INTEGER NOT NULL, sum INTEGER NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE answers (
            number INTEGER PRIMARY KEY, count INTEGER NOT NULL, total INTEGER NOT NULL, items BLOB NOT NULL,
            sum INTEGER NOT NULL
        )""",
    ),
    remedy="Move it away with the files whose names begin like its own and start anew, or put a backup of all of them "
    "in its place",
)
_GET_REGION = f"SELECT {_REGION}, sum FROM region WHERE id = 1"
_PUT_REGION = (
    f"INSERT OR REPLACE INTO region (id, {_REGION}, sum) VALUES (1{', ?' * (len(RegionRow._fields) + 1)})"
)
_JOINED = """SELECT s.key, s.sum, v.* FROM (SELECT * FROM snapshot ORDER BY place) AS s
    CROSS JOIN versions AS v ON v.place = s.place"""
"""In the order of places, so that a page of versions is read once however many of them are in the snapshot."""


class SqliteRegionRows:
    """The :class:`~shoal.blackboard.persistence.region_rows.RegionRows` of a connection in a transaction."""

    __slots__ = ("_connection", "_file")

    def __init__(self, file: SqliteFile, connection: sqlite3.Connection) -> None:
        self._file = file
        self._connection = connection

    def broken(self, why: str) -> StoreBroken:
        """See :class:`RegionRows`."""
        return self._file.broken(why)

    def region(self) -> tuple[Any, ...] | None:
        """See :class:`RegionRows`."""
        row: tuple[Any, ...] | None = self._connection.execute(_GET_REGION).fetchone()
        return row

    def put_region(self, columns: Sequence[Any]) -> None:
        """See :class:`RegionRows`."""
        self._connection.execute(_PUT_REGION, columns)

    def is_empty(self) -> bool:
        """See :class:`RegionRows`."""
        return not any(
            self._connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()
            for table in ("versions", "snapshot", "answers")
        )

    def versions(self, first: int, last: int) -> Iterator[VersionRow]:
        """See :class:`RegionRows`."""
        statement = "SELECT * FROM versions WHERE place >= ? AND place < ? ORDER BY place"
        return map(VersionRow._make, self._connection.execute(statement, (first, last)))

    def versions_at(self, places: Sequence[int]) -> list[VersionRow]:
        """See :class:`RegionRows`."""
        rows = (self._one("SELECT * FROM versions WHERE place = ?", place) for place in sorted(places))
        return [VersionRow(*row) for row in rows if row is not None]

    def put_versions(self, rows: Sequence[VersionRow]) -> None:
        """See :class:`RegionRows`."""
        self._many("INSERT INTO versions VALUES (?, ?, ?, ?)", rows)

    def drop_versions(self, places: Sequence[int]) -> None:
        """See :class:`RegionRows`."""
        self._many("DELETE FROM versions WHERE place = ?", [(place,) for place in sorted(places)])

    def snapshot(self) -> Iterator[SnapshotRow]:
        """See :class:`RegionRows`."""
        return self._connection.execute("SELECT key, place, sum FROM snapshot")

    def snapshot_versions(self) -> Iterator[tuple[bytes, int, int, int, bytes, int]]:
        """See :class:`RegionRows`."""
        return self._connection.execute(_JOINED)

    def snapshot_of(self, keys: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
        """See :class:`RegionRows`."""
        found = ((key, self._one("SELECT place, sum FROM snapshot WHERE key = ?", key)) for key in keys)
        return {key: row for key, row in found if row is not None}

    def put_snapshot(self, rows: Sequence[SnapshotRow]) -> None:
        """See :class:`RegionRows`."""
        self._many("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)", rows)

    def drop_snapshot(self, keys: Sequence[bytes]) -> None:
        """See :class:`RegionRows`."""
        self._many("DELETE FROM snapshot WHERE key = ?", [(key,) for key in keys])

    def answers(self) -> Iterator[AnswerRow]:
        """See :class:`RegionRows`."""
        return self._connection.execute("SELECT * FROM answers ORDER BY number DESC")

    def put_answers(self, rows: Sequence[AnswerRow]) -> None:
        """See :class:`RegionRows`."""
        self._many("INSERT INTO answers VALUES (?, ?, ?, ?, ?)", rows)

    def trim_answers(self, number: int, total: int) -> None:
        """See :class:`RegionRows`."""
        self._connection.execute("DELETE FROM answers WHERE number <= ? OR total <= ?", (number, total))

    def _one(self, statement: str, *values: Any) -> Any:
        return self._connection.execute(statement, values).fetchone()

    def _many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        self._connection.executemany(statement, rows)
