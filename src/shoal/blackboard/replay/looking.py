"""What the commands ask of a region that is open for reading."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import NamedTuple

from shoal.blackboard.errors import FutureRevision, NoSuchKey
from shoal.blackboard.persistence import RegionReader
from shoal.blackboard.replay.differing import Difference, differences
from shoal.blackboard.replay.stories import Story, Teller
from shoal.blackboard.store.keys import lease_key, lease_of
from shoal.blackboard.version import Version
from shoal.runtime.terminal.text import printable


def revision_asked(reader: RegionReader, at: int | None) -> int:
    """The revision that was asked for, or the newest. Raises :class:`FutureRevision`."""
    newest = reader.head
    if at is not None and at > newest:
        raise FutureRevision(f"there is no revision {at} yet: the newest is {newest}", revision=newest)
    return newest if at is None else at


def written_at(reader: RegionReader, revision: int) -> Story | None:
    """The commit of a revision, without what it replaced; ``None`` when it is not kept."""
    if revision <= reader.compacted:
        return None
    return next(Teller().tell(reader.commits(revision, revision, hidden=True)), None)


def entry_at(reader: RegionReader, key: str, revision: int) -> Version:
    """What was at a key. Raises :class:`NoSuchKey` that says when it went, or which keys are like it."""
    version = reader.get_at(key, revision)
    if version is None:
        raise missing_key(reader, key, revision)
    return version


class Past(NamedTuple):
    """The newest versions of a key."""

    versions: Sequence[Version]
    before: Version | None
    """What the first of them replaced."""
    older: int
    """How many there are before them."""

    @property
    def all(self) -> list[Version]:
        """What is known: these, and what the first of them replaced."""
        return [*([] if self.before is None else [self.before]), *self.versions]


def newest_versions(reader: RegionReader, key: str, limit: int | None) -> Past:
    """A key's history, the last ``limit`` of it, deletions too. Raises :class:`NoSuchKey` when there never was one."""
    kept: deque[Version] = deque(maxlen=None if limit is None else limit + 1)
    total = 0
    for version in reader.history(key):
        kept.append(version)
        total += 1
    if not kept:
        raise missing_key(reader, key, reader.head)
    before = kept.popleft() if limit is not None and total > limit else None
    return Past(kept, before, total - len(kept))


def lease_at(reader: RegionReader, lease: str, revision: int) -> Version | None:
    """A lease at a revision; ``None``: it had ended, or that is not kept."""
    return reader.get_at(lease_key(lease), revision) if revision >= reader.compacted else None


def leases_of(reader: RegionReader, versions: Iterable[Version]) -> Callable[[str, int], Version | None]:
    """As :func:`lease_at`, for all leases of these versions: found in one pass through the region, if there are any."""
    names = {version.lease for version in versions if version.lease is not None}
    past: dict[str, list[Version]] = {name: [] for name in names}
    if names:
        base = reader.entries_at(reader.compacted, hidden=True)
        for version in chain(base, chain.from_iterable(reader.commits(hidden=True))):
            if (name := lease_of(version.key)) in names:
                past[name].append(version)

    def at(lease: str, revision: int) -> Version | None:
        before = [version for version in past.get(lease, ()) if version.mod_revision <= revision]
        return before[-1] if before and not before[-1].deleted else None

    return at


def missing_key(reader: RegionReader, key: str, revision: int) -> NoSuchKey:
    """The error for a key that was not there."""
    text = f"there is no {printable(key)!r} at revision {revision}"
    gone = _deletion(reader, key, revision)
    if gone is not None:
        by = f"by {printable(gone.author)}" if gone.author else "when a lease ran out"
        text += f": it was deleted at {gone.mod_revision} {by} (--at {gone.mod_revision - 1})"
    else:
        keys = [version.key for version in reader.entries_at(revision)]
        alike = [each for each in keys if key and each.startswith(key)] or get_close_matches(key, keys)
        text += f"; there is {', '.join(map(printable, alike[:3]))}" if alike else ""
    return NoSuchKey(text, key=key)


def differences_between(reader: RegionReader, before: int, after: int, prefix: str) -> Sequence[Difference]:
    """The keys that differ between two revisions. Raises ``Compacted`` and ``FutureRevision``."""
    found = list(differences(reader.entries_at(before, prefix), reader.entries_at(after, prefix)))
    gone = {one.key for one in found if one.after is None}
    if before >= after or not gone:
        return found
    commits = reader.commits(before + 1, after)
    last = {v.key: v for v in chain.from_iterable(commits) if v.deleted and v.key in gone}
    return [one if one.after is not None else one._replace(gone=last.get(one.key)) for one in found]


def _deletion(reader: RegionReader, key: str, until: int) -> Version | None:
    """A key's last deletion up to a revision."""
    versions = (v for v in reader.history(key) if v.deleted and v.mod_revision <= until)
    return next(iter(deque(versions, 1)), None)
