"""The rows of one region within a transaction, as each kind of database gives them. See :mod:`.rows` for the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from shoal.blackboard.persistence.rows import VersionRow
from shoal.runtime.durable.errors import StoreBroken

SnapshotRow = tuple[bytes, int, int]
"""Key, place and checksum of the key's version."""
AnswerRow = tuple[int, int, int, bytes, int]
"""Number of the row's last answer (the first is 1), how many it has, bytes of all replies so far, items, checksum."""


class RegionRows(Protocol):
    """Reads and writes rows; knows nothing of what they mean."""

    def broken(self, why: str) -> StoreBroken:
        """The error to raise when a row is not what was written."""

    def region(self) -> tuple[Any, ...] | None:
        """The columns of ``region``, the checksum last."""

    def put_region(self, columns: Sequence[Any]) -> None:
        """Replace them."""

    def is_empty(self) -> bool:
        """Whether there is no version and no answer."""

    def versions(self, first: int, last: int) -> Iterator[VersionRow]:
        """Those from place ``first`` to before ``last``, in order."""

    def versions_at(self, places: Sequence[int]) -> list[VersionRow]:
        """Those at these places that are there, in any order."""

    def put_versions(self, rows: Sequence[VersionRow]) -> None:
        """Add them."""

    def drop_versions(self, places: Sequence[int]) -> None:
        """Delete those that are there."""

    def snapshot(self) -> Iterator[SnapshotRow]:
        """All of it, in any order."""

    def snapshot_versions(self) -> Iterator[tuple[bytes, int, int, int, bytes, int]]:
        """Key and checksum of each row, with the four columns of the version it names. A row without is left out."""

    def snapshot_of(self, keys: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
        """Place and checksum of those keys that have a row."""

    def put_snapshot(self, rows: Sequence[SnapshotRow]) -> None:
        """Add or replace them."""

    def drop_snapshot(self, keys: Sequence[bytes]) -> None:
        """Delete them."""

    def answers(self) -> Iterator[AnswerRow]:
        """The newest first."""

    def put_answers(self, rows: Sequence[AnswerRow]) -> None:
        """Add them."""

    def trim_answers(self, number: int, total: int) -> None:
        """Delete those whose number, or whose bytes of replies so far, are not above these."""
