"""A region's rows in PostgreSQL to read from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from shoal.blackboard.errors import RegionUnknown
from shoal.blackboard.persistence.postgres_rows import TABLES, PostgresRegionRows
from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow
from shoal.runtime.durable.postgres_database import PostgresDatabase

_ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_NUMBER = "SELECT number FROM shoal.board_names WHERE run = %s AND region = %s"


class PostgresSource:
    """The :class:`~shoal.blackboard.persistence.region_reader.Source` of a region in a database."""

    def __init__(self, conninfo: str, run: str, region: str, *, busy_s: float = 10.0) -> None:
        """As :class:`~shoal.blackboard.persistence.postgres_log.PostgresRegionLog`."""
        self._run = run
        self._region = region
        self._database = PostgresDatabase(conninfo, TABLES, busy_s=busy_s)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[RegionRows]:
        """See :class:`Source`. Also raises :class:`RegionUnknown`."""
        with self._database.transaction() as cursor:
            cursor.execute(_ONE_MOMENT)
            found = cursor.execute(_NUMBER, (self._run, self._region)).fetchone()
            where = f"region {self._region!r} of run {self._run!r}"
            if found is None:
                raise RegionUnknown(f"there is no {where}", region=self._region)
            yield PostgresRegionRows(cursor.connection, found[0], where)

    def check(self, rows: RegionRows, region: RegionRow | None) -> None:
        """The server does not lose the newest transactions."""

    def check_structure(self) -> None:
        """The server sees to itself."""

    def close(self) -> None:
        """See :class:`Source`."""
        self._database.close()


def regions_of(conninfo: str, run: str) -> list[str]:
    """The names of a run's regions, sorted. Raises ``StoreError`` and ``ConfigError``."""
    database = PostgresDatabase(conninfo, TABLES)
    try:
        with database.transaction() as cursor:
            rows = cursor.execute(
                "SELECT region FROM shoal.board_names WHERE run = %s ORDER BY 1", (run,)
            ).fetchall()
    finally:
        database.close()
    return [row[0] for row in rows]
