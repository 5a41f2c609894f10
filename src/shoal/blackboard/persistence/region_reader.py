"""Looks at a saved region without owning it: its state at any revision, each key's history, every commit.

Works on a finished run's files and beside the board that writes them, without Ray. Each call sees one moment. What is
damaged raises ``StoreBroken``. Hidden keys, those of leases, are left out unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol

from shoal.blackboard.errors import Compacted, FutureRevision, RegionUnknown
from shoal.blackboard.persistence.checking import check_all
from shoal.blackboard.persistence.key_search import last_of, versions_of
from shoal.blackboard.persistence.ownership import read_region
from shoal.blackboard.persistence.reading import read_commits, state_at
from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow
from shoal.blackboard.version import Commit, Version

HIDDEN = "\x00"
"""What keys that users do not see begin with."""
_PAGE = 2000
"""Revisions, or versions, that are read at a time."""


class Source(Protocol):
    """Where the rows are read from."""

    def transaction(self) -> AbstractContextManager[RegionRows]:
        """One moment of the region. Raises ``StoreError``."""

    def check(self, rows: RegionRows, region: RegionRow | None) -> None:
        """Raise ``StoreBroken`` when it can be told that the newest part of the region is missing."""

    def check_structure(self) -> None:
        """Check what the rows lie in, in time proportional to its size."""

    def close(self) -> None:
        """Let go of it."""


class RegionReader:
    """A saved region to look at. Not for several threads at once."""

    def __init__(self, source: Source, region: str) -> None:
        """``region``: its name. Raises :class:`RegionUnknown`, ``StoreError`` and its subclasses."""
        self._source = source
        self.region = region
        try:
            with source.transaction() as rows:
                self.region_id = self._row(rows).region_id
                """The region's identity."""
        except BaseException:
            source.close()
            raise

    @property
    def head(self) -> int:
        """The newest revision."""
        with self._source.transaction() as rows:
            return self._row(rows).head

    @property
    def compacted(self) -> int:
        """The oldest revision that can be read; the commits above it are kept."""
        with self._source.transaction() as rows:
            return self._row(rows).compacted

    def entries_at(
        self, revision: int | None = None, prefix: str = "", *, hidden: bool = False
    ) -> Iterator[Version]:
        """What was there under ``prefix`` at a revision (``None``: now), in the order of keys.

        Raises :class:`Compacted` and :class:`FutureRevision`. All of the region's state is read into memory.
        """
        with self._source.transaction() as rows:
            region = self._row(rows)
            state = state_at(rows, region, _readable(region, revision))
        shown = [key for key in state if key.startswith(prefix) and (hidden or not key.startswith(HIDDEN))]
        return iter([state[key] for key in sorted(shown)])

    def get_at(self, key: str, revision: int | None = None) -> Version | None:
        """What was at a key at a revision (``None``: now); ``None`` when it was not there. Raises as above."""
        with self._source.transaction() as rows:
            region = self._row(rows)
            return last_of(rows, region, key, _readable(region, revision))

    def history(self, key: str, since: int = 0) -> Iterator[Version]:
        """A key's versions that are kept from revision ``since`` on, deletions too, oldest first."""
        after, trimmed = max(0, since - 1), None
        while True:
            with self._source.transaction() as rows:
                region = self._row(rows)
                if trimmed not in (None, region.trimmed) and after < region.trimmed:
                    raise _compacted(after + 1, region.compacted)
                trimmed = region.trimmed
                reached = min(max(after, trimmed) + _PAGE, region.head)
                found = versions_of(rows, region, key, after, reached)
            yield from found
            if reached >= region.head:
                return
            after = reached

    def commits(
        self, since: int | None = None, until: int | None = None, *, hidden: bool = False
    ) -> Iterator[Commit]:
        """The commits of revisions ``since`` to ``until``, both included (``None``: from the oldest kept, up to now).

        Of a commit that changed hidden keys only, nothing is given. Raises :class:`Compacted` for one that is not kept,
        :class:`FutureRevision`.
        """
        with self._source.transaction() as rows:
            region = self._row(rows)
        after = region.compacted if since is None else max(0, since - 1)
        until = region.head if until is None else until
        if until > region.head:
            raise _future(until, region)
        while after < until:
            with self._source.transaction() as rows:
                region = self._row(rows)
                if after < region.compacted:
                    raise _compacted(after + 1, region.compacted + 1)
                page = _page(read_commits(rows, after, until))
            after = page[-1][0].mod_revision
            for commit in page:
                shown = commit if hidden else tuple([v for v in commit if not v.key.startswith(HIDDEN)])
                if shown:
                    yield shown

    def verify(self) -> None:
        """Read everything and check it, in time proportional to the history. Raises ``StoreBroken``."""
        self._source.check_structure()
        with self._source.transaction() as rows:
            check_all(rows, self._row(rows))

    def close(self) -> None:
        """Let go of it. Closing twice is fine."""
        self._source.close()

    def __enter__(self) -> RegionReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _row(self, rows: RegionRows) -> RegionRow:
        region = read_region(rows)
        self._source.check(rows, region)
        if region is None:
            raise RegionUnknown(
                f"there is no region {self.region!r} here: nobody opened it", region=self.region
            )
        return region


def _page(commits: Iterator[Commit]) -> list[Commit]:
    page: list[Commit] = []
    size = 0
    for commit in commits:
        page.append(commit)
        size += len(commit)
        if size >= _PAGE:
            break
    return page


def _readable(region: RegionRow, revision: int | None) -> int:
    if revision is None:
        return region.head
    if revision > region.head:
        raise _future(revision, region)
    if revision < region.compacted:
        raise _compacted(revision, region.compacted)
    return revision


def _future(revision: int, region: RegionRow) -> FutureRevision:
    return FutureRevision(
        f"there is no revision {revision} yet: the newest is {region.head}", revision=region.head
    )


def _compacted(revision: int, oldest: int) -> Compacted:
    return Compacted(f"revision {revision} was compacted away: the oldest is {oldest}", oldest=oldest)
