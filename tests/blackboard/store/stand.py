"""A store with its clock, for tests that walk it through a situation by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgpack

from shoal.blackboard.operations import Claim, Complete, Get, Operation, Post, Put, Range
from shoal.blackboard.results import Claimed, Found, Page, Result, Written
from shoal.blackboard.store import Limits, Store
from shoal.blackboard.version import Cause, Commit, Item, Value, Version

R = TypeVar("R")
START = 1_000.0
ALICE = Cause("agent/alice", b"message-of-alice", "task-1")
BOB = Cause("agent/bob", b"message-of-bob", None)


def value(of: Any = "a value") -> Value:
    """A msgpack-native value, encoded as the client does."""
    tags = {type(None): "none", tuple: "list"}
    return Value(tags.get(type(of), type(of).__name__), msgpack.packb(of))


class Stand:
    """A store, the time it is told, and every commit it made."""

    def __init__(
        self, limits: Limits | None = None, check: Callable[[str, Value], None] | None = None
    ) -> None:
        self.store = Store(limits=limits, check=check)
        self.now = START
        self.commits: list[Commit] = []

    def do(self, operation: Operation, cause: Cause = ALICE) -> Result:
        """Execute an operation now."""
        before = self.store.revision
        result, commit = self.store.execute(operation, cause, self.now)
        self._keep(commit, before)
        return result

    def _keep(self, commit: Commit, before: int) -> None:
        assert self.store.revision == before + bool(commit)
        assert all(version.mod_revision == before + 1 for version in commit)
        assert len({version.key for version in commit}) == len(commit)
        if commit:
            self.commits.append(commit)

    def advance(self, by_s: float = 0.0) -> Commit:
        """Let time pass, and what ran out end."""
        self.now += by_s
        before = self.store.revision
        commit = self.store.advance(self.now)
        self._keep(commit, before)
        return commit

    def undo(self, revision: int) -> None:
        """Go back to a revision."""
        del self.commits[revision - self.store.revision or len(self.commits) :]
        self.store.undo(revision)

    def put(self, key: str, of: Any = "a value", **fields: Any) -> Version:
        """What is at the key then."""
        return there(self._get(self.do(Put(key, value(of), **fields)), Written).version)

    def post(self, key: str, of: Any = "a job", **fields: Any) -> Version:
        """What is at the key then."""
        return there(self._get(self.do(Post(key, value(of), **fields)), Written).version)

    def claim(self, cause: Cause = ALICE, **fields: Any) -> Version | None:
        """The item that was claimed."""
        return self._get(self.do(Claim(**fields), cause), Claimed).version

    def claimed(self, cause: Cause = ALICE, **fields: Any) -> tuple[str, int]:
        """Key and token of an item that was claimed, which there must be."""
        version = there(self.claim(cause, **fields))
        return version.key, item_of(version).token

    def complete(self, key: str, token: int, of: Any = None) -> Version:
        """The item that is done."""
        return there(self._get(self.do(Complete(key, token, of)), Written).version)

    def get(self, key: str, revision: int | None = None) -> Version | None:
        """What is at a key."""
        return self._get(self.do(Get(key, revision)), Found).version

    def item(self, key: str) -> Item:
        """The state of an item."""
        return item_of(there(self.get(key)))

    def keys(self, prefix: str = "", **fields: Any) -> list[str]:
        """The keys of a range."""
        return [version.key for version in self.range(prefix, **fields).versions]

    def range(self, prefix: str = "", **fields: Any) -> Page:
        """A range."""
        return self._get(self.do(Range(prefix, **fields)), Page)

    @staticmethod
    def _get(result: Result, kind: type[R]) -> R:
        assert isinstance(result, kind)
        return result


def there(version: Version | None) -> Version:
    """A version that must be there."""
    assert version is not None
    return version


def item_of(version: Version) -> Item:
    """The item of a version that must be one."""
    assert version.item is not None
    return version.item
