"""A region in one SQLite file, ``boards/<region>.db`` in the run directory: the default.

Beside it lies a mark (``-head``) by which a write-ahead log that was removed or cut off is found. Measured on 2 busy
cores, ext4, SQLite 3.40, ``NORMAL``: see ``docs``; the command is ``python -m tests.blackboard.persistence.figures``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shoal.blackboard.persistence.head_mark import HeadMark, mark_path, read_mark, this_boot, what_is_missing
from shoal.blackboard.persistence.ownership import Holding, held, read_region
from shoal.blackboard.persistence.region_log import Answer, Owner, Saved
from shoal.blackboard.persistence.rows import RegionRow
from shoal.blackboard.persistence.sqlite_rows import KIND, SqliteRegionRows
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
from shoal.runtime.durable.errors import StoreBroken, StoreError
from shoal.runtime.durable.sqlite_file import SqliteFile, Synchronous
from shoal.runtime.packing import Packing

_log = logging.getLogger("shoal.board")
_FOLD_BYTES = 4 * 1024 * 1024
_COMMIT_BYTES = 16 * 1024
"""What a transaction adds to the write-ahead log beside its versions and answers: whole pages."""
_CACHE_KIB = 16 * 1024
"""Pages kept in memory: the snapshot goes through those of all keys."""


class SqliteRegionLog:
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
        if not path.exists() and mark_path(path).exists():
            raise StoreBroken(
                f"{KIND.name} {path} is gone, while its mark ({mark_path(path).name}) is still there. {KIND.remedy}",
                path=str(path),
            )
        self.quick = quick
        self._region = region
        self._file = SqliteFile(path, KIND, synchronous=synchronous, busy_s=busy_s, folds_itself=not quick)
        with self._file.read() as connection:
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._sure = synchronous is Synchronous.FULL
        self._boot = this_boot()
        self._mark: HeadMark | None = None
        self._holding: Holding | None = None
        self._packing = Packing()
        self._unfolded_bytes = 0
        self._untended = 0
        self._closed = False

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @property
    def wants_tending(self) -> bool:
        """See :class:`RegionLog`."""
        return self.quick and (self._untended >= CHUNK or self._unfolded_bytes > _FOLD_BYTES)

    def tend(self) -> None:
        """See :class:`RegionLog`."""
        due, self._untended = self._untended >= CHUNK, 0
        try:
            if due:
                with self._rows() as rows:
                    region = trim(rows, advance_snapshot(rows, held(rows, self._holding)))
                self._untended = max(
                    region.head - region.snapshot, min(region.compacted, region.snapshot) - region.trimmed
                )
        finally:
            folds, self._unfolded_bytes = self._unfolded_bytes > _FOLD_BYTES, 0
            if folds and self.quick:
                self._file.fold()

    def open(self, owner: Owner, now: float, window: int) -> Saved:
        """See :class:`RegionLog`."""
        mark = read_mark(self.path)
        with self._rows() as rows:
            missing = what_is_missing(mark, read_region(rows), self._boot, self._sure)
            if missing:
                raise rows.broken(missing)
            if self._mark is None:
                self._mark = HeadMark(self.path, self._boot)
            saved, region = open_region(rows, self._region, owner, now, window)
        self._mark.write(region)
        self._holding = Holding(self._region, owner, region.epoch)
        self._untended = region.head - region.snapshot
        return saved

    def append(self, commits: Sequence[Commit], answers: Sequence[Answer], now: float) -> None:
        """See :class:`RegionLog`."""
        with self._rows() as rows:
            region = append(rows, self._holding, commits, answers, now, self._packing)
        self._written(region)
        for commit in commits:
            self._untended += len(commit)
            self._unfolded_bytes += sum(len(v.value.payload) + 256 for v in commit if v.value is not None)
        self._unfolded_bytes += _COMMIT_BYTES + sum(len(answer.reply) for answer in answers)
        self._tend_itself()

    def compact(self, revision: int) -> None:
        """See :class:`RegionLog`."""
        with self._rows() as rows:
            region = set_compacted(rows, self._holding, revision)
        self._written(region)
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
            self._file.close()
            if self._mark is not None:
                self._mark.close()

    @contextmanager
    def _rows(self) -> Iterator[SqliteRegionRows]:
        with self._file.write() as connection:
            yield SqliteRegionRows(self._file, connection)

    def _written(self, region: RegionRow) -> None:
        assert self._mark is not None
        self._mark.write(region)

    def _tend_itself(self) -> None:
        """What was written is written, whatever becomes of this."""
        if self.quick or self._untended < CHUNK:
            return
        try:
            self.tend()
        except StoreError as exc:
            _log.warning("region %s: its snapshot could not be brought up: %s", self._region, exc.text)
