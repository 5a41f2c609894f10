"""Follows a region: what is there, then every change once and in order. Versions as they are, nothing is decoded.

A reader that understands only some of the values on a board (a condition, a controller) must not stumble over the
others, whose models its process may not have loaded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Iterable

from shoal.blackboard.connection import Connection
from shoal.blackboard.operations import Range
from shoal.blackboard.requests import Watch
from shoal.blackboard.results import Page
from shoal.blackboard.version import Version


class Follower:
    """One reader's place in a region."""

    def __init__(
        self, connection: Connection, reads: Iterable[str], *, everything: bool = False, seen: int = 0
    ) -> None:
        """``reads``: the prefixes it is about. ``everything``: it wants to know of any change, though it does not
        read what is there under other prefixes. ``seen``: the revision from behind which it goes on."""
        self._connection = connection
        self.reads = cover(reads)
        self._watched = "" if everything else common(self.reads)
        self.watches = everything or bool(self.reads)
        """Whether there is anything that it wants to know."""
        self.seen = seen
        """Everything up to this revision was found, or is in :attr:`changes`."""
        self.changes: deque[Version] = deque()
        """What changed under its prefixes, and maybe under others: for whoever reads to take."""

    async def there(self) -> AsyncGenerator[Version, None]:
        """The entries under its prefixes, all of one revision, which is ``seen`` afterwards; ``changes`` are forgotten.

        Not while it looks. Raises :class:`Compacted` when that revision is forgotten meanwhile: then again from the
        beginning.
        """
        revision: int | None = None
        for prefix in self.reads:
            after, more = "", True
            while more:
                page: Page = await self._connection.operate(Range(prefix, after, revision))
                revision, more = page.revision, page.more
                for version in page.versions:
                    yield version
                if more:
                    after = page.versions[-1].key
        if revision is None:
            revision = (await self._connection.status()).revision
        self.changes.clear()
        self.seen = revision

    async def look(self, wait_s: float) -> None:
        """Get the next changes; none after ``wait_s``. Several may look at once, and each change comes once.

        Raises :class:`Compacted` when it has fallen behind what the region keeps.
        """
        page = await self._connection.watch(Watch(self._watched, self.seen + 1, 0), wait_s)
        self.changes.extend(version for version in page.versions if version.mod_revision > self.seen)
        self.seen = max(self.seen, page.revision)


def cover(prefixes: Iterable[str]) -> tuple[str, ...]:
    """The shortest of the prefixes that begin all of them, in order: no key is under two."""
    found: list[str] = []
    for prefix in sorted(prefixes):
        if not found or not prefix.startswith(found[-1]):
            found.append(prefix)
    return tuple(found)


def common(prefixes: tuple[str, ...]) -> str:
    """What all of them begin with; they are in order."""
    if not prefixes:
        return ""
    first, last = prefixes[0], prefixes[-1]
    length = 0
    while length < min(len(first), len(last)) and first[length] == last[length]:
        length += 1
    return first[:length]
