"""A region's SQLite file to read from."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from shoal.blackboard.errors import RegionUnknown
from shoal.blackboard.persistence.head_mark import mark_path, read_mark, this_boot, what_is_missing
from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow
from shoal.blackboard.persistence.sqlite_rows import KIND, SqliteRegionRows
from shoal.runtime.durable.sqlite_file import SqliteFile


class SqliteSource:
    """The :class:`~shoal.blackboard.persistence.region_reader.Source` of a file, which is opened read-only."""

    def __init__(self, path: Path, region: str) -> None:
        """Raises :class:`RegionUnknown` when there is no such file, and ``StoreError``."""
        if not path.exists() and not mark_path(path).exists():
            raise RegionUnknown(f"there is no region {region!r} in {path.parent}", region=region)
        self._mark = read_mark(path)  # before the file: what is written meanwhile puts the file ahead of it
        self._file = SqliteFile(path, KIND, read_only=True)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[RegionRows]:
        """See :class:`Source`."""
        with self._file.read() as connection:
            connection.execute("BEGIN")
            try:
                yield SqliteRegionRows(self._file, connection)
            finally:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")

    def check(self, rows: RegionRows, region: RegionRow | None) -> None:
        """See :class:`Source`."""
        missing = what_is_missing(self._mark, region, this_boot(), sure=False)
        if missing:
            raise rows.broken(missing)

    def check_structure(self) -> None:
        """See :class:`Source`."""
        self._file.check_structure()

    def close(self) -> None:
        """See :class:`Source`."""
        self._file.close()
