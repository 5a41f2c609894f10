"""Follows a region: what is there, then every change once and in order. Versions as they are, nothing is decoded.

A reader that understands only some of the values on a board (a condition, a controller) must not stumble over the
others, whose models its process may not have loaded.
"""

from __future__ import annotations

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
        self._watches = everything or bool(self.reads)
        self.seen = seen
        """Everything up to this revision was given."""

    @property
    def watches(self) -> bool:
        """Whether there is anything that it wants to know."""
        return self._watches

    async def there(self) -> AsyncGenerator[Version, None]:
        """The entries under its prefixes, all of one revision, which is ``seen`` afterwards.

        Raises :class:`Compacted` when that revision is forgotten while it reads: then again from the beginning.
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
        self.seen = revision

    async def changes(self, wait_s: float) -> tuple[Version, ...]:
        """The next changes under its prefixes, and others that it does not mind; none after ``wait_s``.

        Several may wait at once: each change is given to one of them. Raises :class:`Compacted` when it has fallen
        behind what the region keeps.
        """
        page = await self._connection.watch(Watch(self._watched, self.seen + 1, 0), wait_s)
        fresh = tuple(version for version in page.versions if version.mod_revision > self.seen)
        self.seen = max(self.seen, page.revision)
        return fresh


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
