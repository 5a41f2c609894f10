"""A region in one SQLite file, ``boards/<region>.db`` in the run directory: the default.

Beside it lies a mark (``-head``) by which a write-ahead log that was removed or cut off is found.

Measured on 2 busy cores, ext4, SQLite 3.40, ``NORMAL``, 100,000 random keys, values of 100 bytes, each put with its
answer: 74 µs a transaction of one put, 0.46 ms one of 64 (the best tenth; medians were half as much again), and 23 µs a
put in :meth:`SqliteRegionLog.tend`. After 1,000,000 puts it opens in 1.8 s: 100,000 entries, a window of 10,000 commits
and 20,000 answers. ``python -m tests.blackboard.persistence.figures`` measures again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shoal.blackboard.persistence.head_mark import (
    HeadMark,
    Mark,
    mark_path,
    read_mark,
    this_boot,
    what_is_missing,
)
from shoal.blackboard.persistence.owned_log import OwnedLog
from shoal.blackboard.persistence.ownership import read_region
from shoal.blackboard.persistence.region_log import Answer, Owner, Saved
from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow
from shoal.blackboard.persistence.sqlite_rows import KIND, SqliteRegionRows
from shoal.blackboard.version import Commit
from shoal.runtime.durable.errors import StoreBroken
from shoal.runtime.durable.sqlite_file import SqliteFile, Synchronous

_FOLD_BYTES = 4 * 1024 * 1024
_COMMIT_BYTES = 16 * 1024
"""What a transaction adds to the write-ahead log beside its versions and answers: whole pages."""
_CACHE_KIB = 16 * 1024
"""Pages kept in memory: the snapshot goes through those of all keys."""


class SqliteRegionLog(OwnedLog):
    """The :class:`~shoal.blackboard.persistence.region_log.RegionLog` in a SQLite file."""

    def __init__(
        self,
        path: Path,
        region: str,
        *,
        synchronous: Synchronous = Synchronous.NORMAL,
        busy_s: float = 10.0,
        quick: bool = False,
    ) -> None:
        """Open or make the file. ``region``: its name, for people. ``busy_s``: the longest wait for another process's
        transaction; ``quick``: leave what is slow to :meth:`tend`. Raises ``StoreError``."""
        super().__init__(region)
        self.quick = quick
        self._sure = synchronous is Synchronous.FULL
        self._boot = this_boot()
        self._found: Mark | None = None
        self._mark: HeadMark | None = None
        self._unfolded_bytes = 0
        _check_there(path)
        self._file = SqliteFile(path, KIND, synchronous=synchronous, busy_s=busy_s, folds_itself=not quick)
        with self._file.read() as connection:
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @property
    def wants_tending(self) -> bool:
        """See :class:`RegionLog`."""
        return super().wants_tending or (self.quick and self._unfolded_bytes > _FOLD_BYTES)

    def tend(self) -> None:
        """See :class:`RegionLog`."""
        folds = self.wants_tending
        try:
            super().tend()
        finally:
            if folds:
                self._unfolded_bytes = 0
                self._file.fold()

    def open(self, owner: Owner, now: float, window: int) -> Saved:
        """See :class:`RegionLog`."""
        self._found = read_mark(
            self.path
        )  # before the file: whatever is written meanwhile puts the file ahead
        return super().open(owner, now, window)

    def append(self, commits: Sequence[Commit], answers: Sequence[Answer], now: float) -> None:
        """See :class:`RegionLog`."""
        super().append(commits, answers, now)
        size = sum(len(answer.reply) for answer in answers)
        for commit in commits:
            size += sum(256 + (len(v.value.payload) if v.value is not None else 0) for v in commit)
        self._unfolded_bytes += _COMMIT_BYTES + size

    def _check(self, rows: RegionRows) -> None:
        missing = what_is_missing(self._found, read_region(rows), self._boot, self._sure)
        if missing:
            raise rows.broken(missing)
        if self._mark is None:
            self._mark = HeadMark(self.path, self._boot)

    def _written(self, region: RegionRow) -> None:
        assert self._mark is not None  # nothing is written through a log that was not opened
        self._mark.write(region)

    def _let_go(self) -> None:
        self._file.close()
        if self._mark is not None:
            self._mark.close()

    @contextmanager
    def _rows(self) -> Iterator[SqliteRegionRows]:
        with self._file.write() as connection:
            yield SqliteRegionRows(self._file, connection)


def _check_there(path: Path) -> None:
    """A file that is gone while its mark is not was lost: no new region may take its place."""
    mark = mark_path(path)
    try:
        lost = mark.exists() and not path.exists()
    except OSError:
        return  # opening the file says what is wrong
    if lost:
        raise StoreBroken(
            f"{KIND.name} {path} is gone, while {mark.name} is still there. {KIND.remedy}", path=str(path)
        )
