"""The rows of a region in PostgreSQL. See :mod:`.region_rows`.

All regions share the tables, in the schema ``shoal``; a region's number stands in each row. Keys are ``bytea``: those
of leases have a NUL in them, which no ``text`` holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from shoal.blackboard.persistence.region_rows import AnswerRow, SnapshotRow
from shoal.blackboard.persistence.rows import RegionRow, VersionRow
from shoal.runtime.durable.errors import StoreBroken
from shoal.runtime.durable.postgres_database import PostgresTables

TABLES = PostgresTables(
    name="PostgreSQL region log",
    version_table="shoal.board_version",
    version=2,
    lock=0x53484F42,
    schema="""
CREATE SCHEMA IF NOT EXISTS shoal;
CREATE TABLE IF NOT EXISTS shoal.board_version (version integer NOT NULL);
CREATE TABLE IF NOT EXISTS shoal.board_names (
    number bigserial PRIMARY KEY, run text NOT NULL, region text NOT NULL, UNIQUE (run, region));
CREATE TABLE IF NOT EXISTS shoal.board_regions (
    number bigint PRIMARY KEY REFERENCES shoal.board_names, region_id text NOT NULL, session text NOT NULL,
    name text NOT NULL, generation bigint NOT NULL, epoch bigint NOT NULL, beat double precision NOT NULL,
    closed integer NOT NULL, head bigint NOT NULL, compacted bigint NOT NULL, trimmed bigint NOT NULL,
    snapshot bigint NOT NULL, snapshot_rows bigint NOT NULL, snapshot_sum bigint NOT NULL, kept_rows bigint NOT NULL,
    kept_sum bigint NOT NULL, answered bigint NOT NULL, answer_bytes bigint NOT NULL, sum bigint NOT NULL);
CREATE TABLE IF NOT EXISTS shoal.board_versions (
    number bigint NOT NULL REFERENCES shoal.board_names, place bigint NOT NULL, size integer NOT NULL,
    data bytea NOT NULL, sum bigint NOT NULL, PRIMARY KEY (number, place));
CREATE TABLE IF NOT EXISTS shoal.board_snapshot (
    number bigint NOT NULL REFERENCES shoal.board_names, key bytea NOT NULL, place bigint NOT NULL,
    sum bigint NOT NULL, PRIMARY KEY (number, key));
CREATE TABLE IF NOT EXISTS shoal.board_answers (
    number bigint NOT NULL REFERENCES shoal.board_names, last bigint NOT NULL, count integer NOT NULL,
    total bigint NOT NULL, items bytea NOT NULL, sum bigint NOT NULL, PRIMARY KEY (number, last));
""",
)
_FIELDS = RegionRow._fields
_GET_REGION = f"SELECT {', '.join(_FIELDS)}, sum FROM shoal.board_regions WHERE number = %s"
_PUT_REGION = f"""INSERT INTO shoal.board_regions (number, {", ".join(_FIELDS)}, sum)
    VALUES (%s{", %s" * (len(_FIELDS) + 1)})
    ON CONFLICT (number) DO UPDATE SET {", ".join(f"{field} = excluded.{field}" for field in (*_FIELDS, "sum"))}"""
_VERSION = "place, size, data, sum"
_JOINED = """SELECT s.key, s.sum, v.place, v.size, v.data, v.sum
    FROM shoal.board_snapshot AS s JOIN shoal.board_versions AS v ON v.number = s.number AND v.place = s.place
    WHERE s.number = %s"""
_PAGE = 5000


class PostgresRegionRows:
    """The :class:`~shoal.blackboard.persistence.region_rows.RegionRows` of a connection in a transaction."""

    __slots__ = ("_connection", "_number", "_where")

    def __init__(self, connection: Any, number: int, where: str) -> None:
        """``number``: the region's; ``where``: its run and name, for people."""
        self._connection = connection
        self._number = number
        self._where = where

    def broken(self, why: str) -> StoreBroken:
        """See :class:`RegionRows`."""
        return StoreBroken(f"{TABLES.name}: {self._where} is damaged: {why}. Restore a backup")

    def region(self) -> tuple[Any, ...] | None:
        """See :class:`RegionRows`."""
        row: tuple[Any, ...] | None = self._read(_GET_REGION).fetchone()
        return row

    def put_region(self, columns: Sequence[Any]) -> None:
        """See :class:`RegionRows`."""
        self._read(_PUT_REGION, *columns)

    def is_empty(self) -> bool:
        """See :class:`RegionRows`."""
        return not any(
            self._read(f"SELECT 1 FROM shoal.board_{table} WHERE number = %s LIMIT 1").fetchone()
            for table in ("versions", "snapshot", "answers")
        )

    def versions(self, first: int, last: int) -> Iterator[VersionRow]:
        """See :class:`RegionRows`."""
        statement = f"""SELECT {_VERSION} FROM shoal.board_versions WHERE number = %s AND place >= %s AND place < %s
            ORDER BY place LIMIT {_PAGE}"""
        while True:
            page = [VersionRow(*row) for row in self._read(statement, first, last).fetchall()]
            yield from page
            if len(page) < _PAGE:
                return
            first = page[-1].place + 1

    def versions_at(self, places: Sequence[int]) -> list[VersionRow]:
        """See :class:`RegionRows`."""
        statement = (
            f"SELECT {_VERSION} FROM shoal.board_versions WHERE number = %s AND place = ANY(%s::bigint[])"
        )
        return [VersionRow(*row) for row in self._read(statement, list(places)).fetchall()]

    def put_versions(self, rows: Sequence[VersionRow]) -> None:
        """See :class:`RegionRows`."""
        self._put("versions", ("bigint", "integer", "bytea", "bigint"), rows)

    def drop_versions(self, places: Sequence[int]) -> None:
        """See :class:`RegionRows`."""
        self._read(
            "DELETE FROM shoal.board_versions WHERE number = %s AND place = ANY(%s::bigint[])", list(places)
        )

    def snapshot(self) -> Iterator[SnapshotRow]:
        """See :class:`RegionRows`."""
        return iter(
            self._read("SELECT key, place, sum FROM shoal.board_snapshot WHERE number = %s").fetchall()
        )

    def snapshot_versions(self) -> Iterator[tuple[bytes, int, int, int, bytes, int]]:
        """See :class:`RegionRows`."""
        return iter(self._read(_JOINED))

    def snapshot_of(self, keys: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
        """See :class:`RegionRows`."""
        statement = (
            "SELECT key, place, sum FROM shoal.board_snapshot WHERE number = %s AND key = ANY(%s::bytea[])"
        )
        return {
            key: (place, found_sum) for key, place, found_sum in self._read(statement, list(keys)).fetchall()
        }

    def put_snapshot(self, rows: Sequence[SnapshotRow]) -> None:
        """See :class:`RegionRows`."""
        conflict = "ON CONFLICT (number, key) DO UPDATE SET place = excluded.place, sum = excluded.sum"
        self._put("snapshot", ("bytea", "bigint", "bigint"), rows, conflict)

    def drop_snapshot(self, keys: Sequence[bytes]) -> None:
        """See :class:`RegionRows`."""
        self._read(
            "DELETE FROM shoal.board_snapshot WHERE number = %s AND key = ANY(%s::bytea[])", list(keys)
        )

    def answers(self) -> Iterator[AnswerRow]:
        """See :class:`RegionRows`."""
        statement = """SELECT last, count, total, items, sum FROM shoal.board_answers WHERE number = %s
            ORDER BY last DESC"""
        return iter(self._read(statement))

    def put_answers(self, rows: Sequence[AnswerRow]) -> None:
        """See :class:`RegionRows`."""
        self._put("answers", ("bigint", "integer", "bigint", "bytea", "bigint"), rows)

    def trim_answers(self, number: int, total: int) -> None:
        """See :class:`RegionRows`."""
        self._read(
            "DELETE FROM shoal.board_answers WHERE number = %s AND (last <= %s OR total <= %s)", number, total
        )

    def _read(self, statement: str, *values: Any) -> Any:
        return self._connection.execute(statement, (self._number, *values))

    def _put(
        self, table: str, types: Sequence[str], rows: Sequence[Sequence[Any]], conflict: str = ""
    ) -> None:
        """All rows in one statement: as many trips to the server as for one row."""
        if rows:
            arrays = ", ".join(f"%s::{kind}[]" for kind in types)
            statement = f"INSERT INTO shoal.board_{table} SELECT %s, * FROM unnest({arrays}) {conflict}"
            self._read(statement, *(list(column) for column in zip(*rows, strict=True)))
