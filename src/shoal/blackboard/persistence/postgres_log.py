"""A region in PostgreSQL: for clusters, where a node and its files can be lost together.

The same rows as in a SQLite file, in the tables of :mod:`.postgres_rows`. The row of the region's name is locked for a
transaction, so that regions wait for nobody but themselves. Appending takes two trips to the server, and returns when
the server's ``synchronous_commit`` says that it is safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shoal.blackboard.persistence.owned_log import OwnedLog
from shoal.blackboard.persistence.postgres_rows import TABLES, PostgresRegionRows
from shoal.blackboard.persistence.region_log import Owner, Saved
from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow
from shoal.runtime.durable.errors import StoreError
from shoal.runtime.durable.postgres_database import PostgresDatabase

_NUMBER = "SELECT number FROM shoal.board_names WHERE run = %s AND region = %s"
_LOCK = "SELECT number FROM shoal.board_names WHERE number = %s FOR UPDATE"
_NAME = "INSERT INTO shoal.board_names (run, region) VALUES (%s, %s) ON CONFLICT DO NOTHING"


class PostgresRegionLog(OwnedLog):
    """The :class:`~shoal.blackboard.persistence.region_log.RegionLog` in a PostgreSQL database."""

    def __init__(self, conninfo: str, run: str, region: str, *, busy_s: float = 10.0) -> None:
        """Connect and make the tables where they are missing.

        ``conninfo``: a libpq connection string or URI. ``run``: the run's id, which regions' names are unique in.
        ``busy_s``: the longest wait for another transaction, and for a connection. Raises ``ConfigError`` without
        psycopg, ``StoreUnreachable`` without a server.
        """
        super().__init__(region)
        self._run = run
        self._number: int | None = None
        self._database = PostgresDatabase(conninfo, TABLES, busy_s=busy_s)

    def open(self, owner: Owner, now: float, window: int) -> Saved:
        """See :class:`RegionLog`."""
        with self._database.transaction() as cursor:
            cursor.execute(_NAME, (self._run, self._region))
            (self._number,) = cursor.execute(_NUMBER, (self._run, self._region)).fetchone()
        return super().open(owner, now, window)

    @contextmanager
    def _rows(self) -> Iterator[PostgresRegionRows]:
        where = f"region {self._region!r} of run {self._run!r}"
        if self._number is None:
            raise StoreError(f"{where} was not opened: nobody owns it through this log")
        with self._database.transaction(pipelined=True) as cursor:
            cursor.connection.execute(_LOCK, (self._number,))
            yield PostgresRegionRows(cursor.connection, self._number, where)

    def _check(self, rows: RegionRows) -> None:
        """The server does not lose the newest transactions."""

    def _written(self, region: RegionRow) -> None:
        """Nothing is to be noted."""

    def _let_go(self) -> None:
        self._database.close()
