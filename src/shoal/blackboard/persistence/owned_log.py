"""What all logs do alike, whatever their rows lie in."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager

from shoal.blackboard.persistence.following import CHUNK, behind, follow
from shoal.blackboard.persistence.ownership import Holding, held
from shoal.blackboard.persistence.region_log import Answer, Owner, Saved
from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow
from shoal.blackboard.persistence.writing import append, open_region, set_beat, set_closed, set_compacted
from shoal.blackboard.version import Commit
from shoal.runtime.durable.errors import StoreError
from shoal.runtime.packing import Packing

_log = logging.getLogger("shoal.board")


class OwnedLog(ABC):
    """A :class:`~shoal.blackboard.persistence.region_log.RegionLog` but for where its rows are."""

    quick = False

    def __init__(self, region: str) -> None:
        """``region``: its name, for people."""
        self._region = region
        self._holding: Holding | None = None
        self._window = 0
        self._packing = Packing()
        self._untended = 0
        self._closed = False

    @abstractmethod
    def _rows(self) -> AbstractContextManager[RegionRows]:
        """A transaction on the region's rows."""

    @abstractmethod
    def _let_go(self) -> None:
        """Close what the rows lie in."""

    @abstractmethod
    def _check(self, rows: RegionRows) -> None:
        """Raise ``StoreBroken`` when it can be told, before it is taken, that some of the region is missing."""

    @abstractmethod
    def _written(self, region: RegionRow) -> None:
        """A transaction was written: this is how far the region has come."""

    @property
    def wants_tending(self) -> bool:
        """See :class:`RegionLog`."""
        return self.quick and self._untended >= CHUNK

    def tend(self) -> None:
        """See :class:`RegionLog`."""
        due, self._untended = self._untended >= CHUNK, 0
        if due:
            with self._rows() as rows:
                region = follow(rows, held(rows, self._holding), self._window)
            self._untended = behind(region, self._window)

    def open(self, owner: Owner, now: float, window: int) -> Saved:
        """See :class:`RegionLog`."""
        with self._rows() as rows:
            self._check(rows)
            saved, region = open_region(rows, self._region, owner, now, window)
        self._written(region)
        self._holding = Holding(self._region, owner, region.epoch)
        self._window = window
        self._untended = behind(region, window)
        return saved

    def append(self, commits: Sequence[Commit], answers: Sequence[Answer], now: float) -> None:
        """See :class:`RegionLog`."""
        with self._rows() as rows:
            region = append(rows, self._holding, commits, answers, now, self._packing)
        self._written(region)
        self._untended += sum(map(len, commits))
        self._tend_itself()

    def compact(self, revision: int) -> None:
        """See :class:`RegionLog`."""
        with self._rows() as rows:
            region = set_compacted(rows, self._holding, revision)
        self._written(region)
        self._untended = max(self._untended, min(region.compacted, region.snapshot) - region.trimmed)
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
            self._let_go()

    def _tend_itself(self) -> None:
        """What was written is written, whatever becomes of this."""
        if self.quick:
            return
        try:
            self.tend()
        except StoreError as exc:
            _log.warning("region %s: its snapshot could not be brought up: %s", self._region, exc.text)
