"""The store of one region: operations in, results and commits out. Pure: no clock, no files, no waiting.

Callback contract: one caller, who passes ``now``, a wall-clock second that does not go back (one that does is taken as
the latest before). Before operations are executed, :meth:`Store.advance` ends what ran out; what an operation does
under a lease or claim that ran out is refused in any case. A commit is acknowledged to whoever asked for it when it is
durable, or undone with all after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Self

from shoal.blackboard import operations as ops
from shoal.blackboard.errors import Compacted, FutureRevision
from shoal.blackboard.results import Result, Written
from shoal.blackboard.store import claims, leasing, reads
from shoal.blackboard.store.amounts import check_whole
from shoal.blackboard.store.draft import Check, Draft, Region
from shoal.blackboard.store.keys import check_prefix, hidden
from shoal.blackboard.store.leases import Leases
from shoal.blackboard.store.limits import Limits
from shoal.blackboard.store.steps import STEPS
from shoal.blackboard.store.summary import Summary, summarize
from shoal.blackboard.store.transactions import transact
from shoal.blackboard.store.validity import check_operation
from shoal.blackboard.store.versions import Versions
from shoal.blackboard.store.work import Work
from shoal.blackboard.version import Cause, Commit, Version

_BOARD: Final = Cause("")
"""Who writes when a lease ran out."""
_NOTHING: Final = Version("", None, 0, 0, 0, "", b"", None, 0.0)
"""Stands for what is not there."""


class Store:
    """A region's versions, work items and leases. Reading and writing one key costs O(log n) of its keys."""

    def __init__(self, *, limits: Limits | None = None, check: Check | None = None) -> None:
        """``check`` raises :class:`~shoal.blackboard.errors.SchemaRefused` for a value its key may not have."""
        self._limits = limits or Limits()
        self._check = check
        self._now = 0.0
        self._begin(Versions())

    @classmethod
    def restore(
        cls,
        base: Iterable[Version],
        oldest: int,
        commits: Iterable[Commit],
        now: float,
        *,
        limits: Limits | None = None,
        check: Check | None = None,
    ) -> Self:
        """The store that was: ``base``, what was live at revision ``oldest``, and all commits after it.

        Claims and leases have their full time from ``now``. Raises ``ValueError`` when they do not fit one another.
        """
        store = cls(limits=limits, check=check)
        store._now = now
        versions = Versions(base, oldest)
        if any(version.value is None or version.mod_revision > oldest for version in versions.live.values()):
            raise ValueError(f"the base is not what was live at revision {oldest}")
        for commit in commits:
            _check_follows(versions, commit)
            versions.apply(commit)
        store._begin(versions)
        return store

    def _begin(self, versions: Versions) -> None:
        self._versions = versions
        self._region = Region(versions, Work(versions.live), Leases(), self._limits, self._check)
        for key, version in versions.live.items():
            self._changed(key, None, version)

    @property
    def revision(self) -> int:
        """The newest revision; 0: nothing was ever written."""
        return self._versions.revision

    @property
    def oldest(self) -> int:
        """The oldest revision that can be read. 0, before any compaction: the empty region."""
        return self._versions.oldest

    def execute(self, operation: ops.Operation, cause: Cause, now: float) -> tuple[Result, Commit]:
        """Do one operation: its result, and what it wrote (empty: nothing).

        Raises :class:`~shoal.blackboard.errors.BoardRefused`; then nothing has changed.
        """
        check_operation(operation, self._limits)
        draft = self._draft(cause, now)
        result = _OPERATIONS[type(operation)](draft, operation)
        return result, self._apply(draft)

    def advance(self, now: float) -> Commit:
        """End the leases and claims whose time is over, in one commit of the board itself; ``()``: there are none."""
        draft = self._draft(_BOARD, now)
        self._region.work.mature(self._now)
        leasing.expire(draft)
        return self._apply(draft)

    def due(self) -> float | None:
        """When :meth:`advance` next has something to do, or an item comes to be claimable by time alone."""
        work, leases = self._region.work, self._region.leases
        times = (work.claims.next(), work.delayed.next(), leases.deadlines.next())
        return min((time for time in times if time is not None), default=None)

    def undo(self, revision: int) -> None:
        """Forget every commit after ``revision``, which could not be saved.

        Raises ``ValueError`` below ``oldest``: compact only what is durable.
        """
        versions = self._versions
        if not versions.oldest <= revision <= versions.revision:
            raise ValueError(
                f"cannot go back to {revision}, only from {versions.revision} to {versions.oldest}"
            )
        before: dict[str, Version | None] = {}
        for commit in versions.log.between(revision, versions.revision):
            for version in commit:
                before[version.key] = versions.live.get(version.key)
        while versions.revision > revision:
            versions.undo()
        for key, was in before.items():
            now = versions.live.get(key)
            if was is not None or now is not None:  # else it came and went in what is undone
                self._changed(key, was, now)

    def compact(self, revision: int) -> None:
        """Forget what no read at ``revision`` or later needs; below ``oldest`` there is nothing to forget.

        Raises :class:`~shoal.blackboard.errors.FutureRevision`.
        """
        _compact(Draft(self._region, _BOARD, self._now), ops.Compact(revision))

    def changes(self, since: int, prefix: str = "", limit: int = 0) -> list[Version]:
        """The versions of keys under ``prefix`` from revision ``since`` on, in the order they were written.

        Where ``limit`` is reached the rest of that commit still follows: go on at the last version's revision + 1. A
        ``since`` that does not exist yet has nothing. Raises :class:`~shoal.blackboard.errors.Compacted` for one up to
        ``oldest`` after a compaction: those commits are gone, only what they left is known.
        """
        check_whole(since, "a revision")
        check_whole(limit, "a limit")
        check_prefix(prefix, self._limits)
        versions = self._versions
        if since <= versions.oldest and versions.oldest:
            raise Compacted(
                f"the changes of revision {since} were compacted; the oldest kept are of {versions.oldest + 1}",
                oldest=versions.oldest,
            )
        found: list[Version] = []
        for commit in versions.log.between(max(since - 1, 0), versions.revision):
            found += [v for v in commit if v.key.startswith(prefix) and not hidden(v.key)]
            if limit and len(found) >= limit:
                break
        return found

    def summary(self) -> Summary:
        """The region in numbers."""
        return summarize(self._region)

    def _draft(self, cause: Cause, now: float) -> Draft:
        if now > self._now:
            self._now = now
        return Draft(self._region, cause, self._now)

    def _apply(self, draft: Draft) -> Commit:
        commit = draft.commit
        if commit:
            live = self._versions.live
            before = [live.get(version.key) for version in commit]
            self._versions.apply(commit)
            for was, version in zip(before, commit, strict=True):
                self._changed(version.key, was, None if version.value is None else version)
        return commit

    def _changed(self, key: str, before: Version | None, after: Version | None) -> None:
        """Keep what follows from versions: all of a commit's are in ``live`` already."""
        was, now = before or _NOTHING, after or _NOTHING
        if was.item is not None or now.item is not None:
            self._region.work.update(key, before, after, self._now)
        if was.lease is not None or now.lease is not None or hidden(key):
            self._region.leases.update(key, before, after, self._now)


def _check_follows(versions: Versions, commit: Commit) -> None:
    revision = versions.revision + 1
    if not commit or any(version.mod_revision != revision for version in commit):
        raise ValueError(f"revision {revision} is missing")
    for version in commit:
        if version.value is None and version.key not in versions.live:
            raise ValueError(f"revision {revision} deletes {version.key!r}, which is not there")


def _compact(draft: Draft, compact: ops.Compact) -> Written:
    versions = draft.region.versions
    if compact.revision > versions.revision:
        raise FutureRevision(
            f"revision {compact.revision} does not exist yet; the newest is {versions.revision}",
            revision=versions.revision,
        )
    versions.compact(compact.revision)
    return Written(versions.revision)


_OPERATIONS: Final[dict[type, Callable[[Draft, Any], Result]]] = {
    **STEPS,
    ops.History: reads.history,
    ops.Diff: reads.diff,
    ops.Claim: claims.claim,
    ops.Renew: claims.renew,
    ops.Grant: leasing.grant,
    ops.KeepAlive: leasing.keep_alive,
    ops.Revoke: leasing.revoke,
    ops.Transaction: transact,
    ops.Compact: _compact,
}
