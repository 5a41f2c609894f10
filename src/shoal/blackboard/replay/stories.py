"""Commits as what they did: each version beside the one that it replaced. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from shoal.blackboard.replay.deeds import Deed, deed, lease_concerned
from shoal.blackboard.store.keys import hidden, lease_key
from shoal.blackboard.version import Commit, Version


class Happening(NamedTuple):
    """What one commit did to one key."""

    key: str
    """Empty: to a lease."""
    deed: Deed


class Story(NamedTuple):
    """One commit."""

    revision: int
    at: float
    author: str
    """Empty: the board itself."""
    message_id: bytes
    task: str | None
    happenings: tuple[Happening, ...]
    origin: int = 0
    """The worst of its versions'."""


class Teller:
    """Goes through commits in order, and knows what is there after each."""

    def __init__(self, base: Iterable[Version] = ()) -> None:
        """``base``: what was there before the first commit, hidden keys too."""
        self.state = {version.key: version for version in base}

    def tell(self, commits: Iterable[Commit], prefix: str = "") -> Iterator[Story]:
        """The story of each commit under a prefix. Leases' own are told where a commit did nothing else."""
        for commit in commits:
            pairs = [(self.state.get(version.key), version) for version in commit]
            for version in commit:
                if version.deleted:
                    self.state.pop(version.key, None)
                else:
                    self.state[version.key] = version
            happenings = tuple(self._happenings(pairs, prefix))
            if happenings:
                yield _story(commit, happenings)

    def _happenings(self, pairs: list[tuple[Version | None, Version]], prefix: str) -> Iterator[Happening]:
        only_hidden = not prefix and all(hidden(version.key) for _, version in pairs)
        for before, version in pairs:
            if only_hidden or (not hidden(version.key) and version.key.startswith(prefix)):
                name = lease_concerned(before, version)
                lease = None if name is None else self.state.get(lease_key(name))
                yield Happening("" if only_hidden else version.key, deed(before, version, lease))


def tell_key(
    versions: Iterable[Version],
    before: Version | None,
    lease_at: Callable[[str, int], Version | None],
) -> Iterator[Story]:
    """The story of one key from its versions, oldest first.

    ``before``: what the first of them replaced; ``lease_at``: what is at a lease's hidden key at a revision.
    """
    for version in versions:
        name = lease_concerned(before, version)
        lease = None if name is None else lease_at(name, version.mod_revision)
        yield _story((version,), (Happening(version.key, deed(before, version, lease)),))
        before = None if version.deleted else version


def _story(commit: Commit, happenings: tuple[Happening, ...]) -> Story:
    first = commit[0]
    worst = max(version.origin for version in commit)
    return Story(first.mod_revision, first.at, first.author, first.message_id, first.task, happenings, worst)
