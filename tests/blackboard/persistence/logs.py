"""The logs that keep the contract, by name, and their readers. PostgreSQL joins where the durable tests find one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from shoal.blackboard.persistence import Owner, PostgresRegionLog, RegionLog, RegionReader, SqliteRegionLog
from shoal.blackboard.persistence.following import CHUNK, follow
from shoal.blackboard.persistence.ownership import held
from shoal.blackboard.persistence.postgres_source import PostgresSource
from shoal.blackboard.persistence.sqlite_source import SqliteSource
from tests.runtime.durable.stores import HAS_POSTGRES, database

REGION = "main"
RUN = Owner("session-1", "run-1", 1)
EVERYTHING = 1 << 30
"""A window that no history is longer than."""


def bring_up(log: RegionLog, limit: int = CHUNK) -> None:
    """Let the snapshot take in some of what it is behind, and delete some of what is compacted."""
    some: Any = log
    with some._rows() as rows:
        follow(rows, held(rows, some._holding), some._window, limit)


class Storage:
    """One region's storage, opened as often as wanted; whatever is open at the end is closed."""

    def __init__(self, open_log: Callable[[], RegionLog], open_reader: Callable[[], RegionReader]) -> None:
        self._open_log = open_log
        self._open_reader = open_reader
        self._opened: list[RegionLog | RegionReader] = []

    def log(self) -> RegionLog:
        """Opens it once more."""
        log = self._open_log()
        self._opened.append(log)
        return log

    def reader(self) -> RegionReader:
        """Opens it to look at it."""
        reader = self._open_reader()
        self._opened.append(reader)
        return reader

    def close(self) -> None:
        """Closes what is open."""
        for each in self._opened:
            each.close()


def sqlite_storage(directory: Path, *, quick: bool = False) -> Storage:
    """A file."""
    path = directory / "main.db"
    return Storage(
        lambda: SqliteRegionLog(path, REGION, quick=quick, busy_s=0.05),
        lambda: RegionReader(SqliteSource(path, REGION), REGION),
    )


def postgres_storage(directory: Path) -> Storage:
    """A region of the run that the directory is."""
    run = str(directory)
    return Storage(
        lambda: PostgresRegionLog(database(), run, REGION, busy_s=0.2),
        lambda: RegionReader(PostgresSource(database(), run, REGION), REGION),
    )


STORAGES: dict[str, Callable[[Path], Storage]] = {"sqlite": sqlite_storage}
if HAS_POSTGRES:
    STORAGES["postgres"] = postgres_storage
