"""A region in PostgreSQL: for clusters, where a node and its files can be lost together.

The same rows as in a SQLite file, in the tables of :mod:`.postgres_rows`. The region's name is locked for a
transaction, so that regions wait for nobody but themselves. A commit returns when the server's ``synchronous_commit``
says that it is safe.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from shoal.blackboard.persistence.ownership import Holding, held
from shoal.blackboard.persistence.postgres_rows import TABLES, PostgresRegionRows
from shoal.blackboard.persistence.region_log import Answer, Owner, Saved
from shoal.blackboard.persistence.writing import (
    CHUNK,
    advance_snapshot,
    append,
    open_region,
    set_beat,
    set_closed,
    set_compacted,
    trim,
)
from shoal.blackboard.version import Commit
from shoal.runtime.durable.errors import StoreError
from shoal.runtime.durable.postgres_database import PostgresDatabase
from shoal.runtime.packing import Packing

_log = logging.getLogger("shoal.board")
_LOCK = "SELECT number FROM shoal.board_names WHERE run = %s AND region = %s FOR UPDATE"
_NAME = "INSERT INTO shoal.board_names (run, region) VALUES (%s, %s) ON CONFLICT DO NOTHING"


class PostgresRegionLog:
    """The :class:`~shoal.blackboard.persistence.region_log.RegionLog` in a PostgreSQL database."""

    quick = False
    wants_tending = False

    def __init__(self, conninfo: str, run: str, region: str, *, busy_s: float = 10.0) -> None:
        """Connect and make the tables where they are missing.

        ``conninfo``: a libpq connection string or URI. ``run``: the run's id, which regions' names are unique in.
        ``busy_s``: the longest wait for another transaction, and for a connection. Raises ``ConfigError`` without
        psycopg, ``StoreUnreachable`` without a server.
        """
        self._run = run
        self._region = region
        self._database = PostgresDatabase(conninfo, TABLES, busy_s=busy_s)
        self._holding: Holding | None = None
        self._packing = Packing()
        self._untended = 0
        self._closed = False

    def tend(self) -> None:
        """Bring the snapshot up and delete what is compacted, if it is time; appending sees to it."""
        due, self._untended = self._untended >= CHUNK, 0
        if not due:
            return
        with self._rows() as rows:
            region = trim(rows, advance_snapshot(rows, held(rows, self._holding)))
        self._untended = max(
            region.head - region.snapshot, min(region.compacted, region.snapshot) - region.trimmed
        )

    def open(self, owner: Owner, now: float, window: int) -> Saved:
        """See :class:`RegionLog`."""
        with self._database.transaction() as cursor:
            cursor.execute(_NAME, (self._run, self._region))
        with self._rows() as rows:
            saved, region = open_region(rows, self._region, owner, now, window)
        self._holding = Holding(self._region, owner, region.epoch)
        self._untended = region.head - region.snapshot
        return saved

    def append(self, commits: Sequence[Commit], answers: Sequence[Answer], now: float) -> None:
        """See :class:`RegionLog`."""
        with self._rows() as rows:
            append(rows, self._holding, commits, answers, now, self._packing)
        self._untended += sum(len(commit) for commit in commits)
        self._tend_itself()

    def compact(self, revision: int) -> None:
        """See :class:`RegionLog`."""
        with self._rows() as rows:
            region = set_compacted(rows, self._holding, revision)
        self._untended = max(self._untended, region.compacted - region.trimmed)
        self._tend_itself()

    def beat(self, now: float) -> None:
        """See :class:`RegionLog`."""
        with self._rows() as rows:
            set_beat(rows, self._holding, now)

    def close(self) -> None:
        """See :class:`RegionLog`."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._holding is not None:
                with self._rows() as rows:
                    set_closed(rows, self._holding)
        except StoreError as exc:
            _log.info("region %s is not marked as closed: %s", self._region, exc.text)
        finally:
            self._database.close()

    @contextmanager
    def _rows(self) -> Iterator[PostgresRegionRows]:
        with self._database.transaction() as cursor:
            found = cursor.execute(_LOCK, (self._run, self._region)).fetchone()
            where = f"region {self._region!r} of run {self._run!r}"
            if found is None:
                raise StoreError(f"{where} is not there: it was not opened, or all of it was deleted")
            yield PostgresRegionRows(cursor, found[0], where)

    def _tend_itself(self) -> None:
        """What was written is written, whatever becomes of this."""
        try:
            self.tend()
        except StoreError as exc:
            _log.warning("region %s: its snapshot could not be brought up: %s", self._region, exc.text)
