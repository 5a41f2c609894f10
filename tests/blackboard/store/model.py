"""A region as simply as it can be written: a copy of everything at each revision, and no index of anything.

Refusals are the exceptions of the store, without texts. Deadlines are kept beside the copies, as in the store.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shoal.blackboard import operations as ops
from shoal.blackboard.errors import Conflict, ItemState, LeaseLost, NoSuchKey
from shoal.blackboard.version import Item, Version

Answer = tuple[int, str, Version | None, int]
"""Revision; what kind of answer; version; count."""


class Copy(NamedTuple):
    """Everything at one revision."""

    entries: dict[str, Version]
    leases: dict[str, tuple[float, bool]]

    def copied(self) -> Copy:
        return Copy(dict(self.entries), dict(self.leases))


class Model:
    """What a store should do."""

    def __init__(self) -> None:
        self.copies = [Copy({}, {})]
        self.oldest = 0
        self.now = 0.0
        self.claim_ends: dict[str, float] = {}
        self.lease_ends: dict[str, float] = {}
        self.author = ""

    @property
    def revision(self) -> int:
        return len(self.copies) - 1

    @property
    def newest(self) -> Copy:
        return self.copies[-1]

    # -- one operation ---------------------------------------------------------------------------------------

    def execute(self, operation: ops.Operation, author: str, now: float) -> list[Answer]:
        """The answers, one a step. Raises what the store raises, and then nothing has changed."""
        self.now = max(self.now, now)
        self.author = author
        self.draft = self.newest.copied()
        self.lost: dict[str, int] = {}
        answers = [self._step(step) for step in self._steps(operation)]
        self._commit()
        return answers

    def advance(self, now: float) -> None:
        """End what ran out."""
        self.now = max(self.now, now)
        self.author = ""
        self.draft = self.newest.copied()
        self.lost = {}
        for key, end in sorted(self.claim_ends.items()):
            if end <= self.now:
                self._fail(key, retry=True)
        for lease, end in self.lease_ends.items():
            if end <= self.now:
                self._end(lease)
        self._commit()

    def undo(self, revision: int) -> None:
        """Go back."""
        was = self.newest
        del self.copies[revision + 1 :]
        self._begin_times(was)

    def restart(self) -> None:
        """All that runs has its full time anew."""
        self.claim_ends, self.lease_ends = {}, {}
        self._begin_times(Copy({}, {}))

    def _steps(self, operation: ops.Operation) -> tuple[Any, ...]:
        if not isinstance(operation, ops.Transaction):
            return (operation,)
        return operation.then if all(map(self._holds, operation.compares)) else operation.otherwise

    def _holds(self, compare: ops.Compare) -> bool:
        version = self.newest.entries.get(compare.key)
        number = version.mod_revision if version else 0
        return {"==": number == compare.operand, "<": number < int(str(compare.operand))}[compare.comparison]

    def _step(self, step: Any) -> Answer:
        version, count = getattr(self, "_" + type(step).__name__.lower())(step)
        revision = self.revision + (self.draft != self.newest)
        if isinstance(step, ops.Complete):
            revision = version.mod_revision  # also when it was completed before
        return revision, type(step).__name__, version, count

    def _commit(self) -> None:
        if self.draft != self.newest:
            was = self.newest
            self.copies.append(self.draft)
            self._begin_times(was)

    def _begin_times(self, was: Copy) -> None:
        now = self.newest
        for key in {*was.entries, *now.entries}:
            version = now.entries.get(key)
            if version == was.entries.get(key):
                continue
            self.claim_ends.pop(key, None)
            if version and version.item and version.item.state == "claimed":
                self.claim_ends[key] = self.now + version.item.lease_s
            if version and version.lease == f"key:{key}":
                self.lease_ends[version.lease] = self.now + now.leases[version.lease][0]
        for lease in {*was.leases, *now.leases}:
            if lease not in now.leases:
                self.lease_ends.pop(lease, None)
            elif now.leases[lease] != was.leases.get(lease):
                self.lease_ends[lease] = self.now + now.leases[lease][0]

    # -- entries ---------------------------------------------------------------------------------------------

    def _write(self, key: str, value: Any, lease: str | None = None, item: Item | None = None) -> Version:
        before = self.newest.entries.get(key)
        revision = self.revision + 1
        version = self.draft.entries[key] = Version(
            key=key,
            value=value,
            create_revision=before.create_revision if before else revision,
            mod_revision=revision,
            version=before.version + 1 if before else 1,
            author=self.author,
            message_id=b"",
            task=None,
            at=self.now,
            lease=lease,
            item=item,
        )
        return version

    def _expect(self, key: str, expected: int | None) -> Version | None:
        version = self.draft.entries.get(key)
        if expected is not None and expected != (version.mod_revision if version else 0):
            raise Conflict
        return version

    def _remove(self, key: str) -> None:
        version = self.draft.entries.pop(key)
        self.draft.leases.pop(f"key:{key}", None)
        if version.item and version.item.state != "done":
            self.lost[key] = version.create_revision
            self._bury()

    def _put(self, put: ops.Put) -> tuple[Version, int]:
        before = self.draft.entries.get(put.key)
        if before and before.item:
            raise ItemState
        self._expect(put.key, put.expected)
        if put.lease is not None and self.lease_ends.get(put.lease, 0.0) <= self.now:
            raise NoSuchKey
        own = f"key:{put.key}"
        self.draft.leases.pop(own, None)
        if put.ttl_s is not None:
            self.draft.leases[own] = (put.ttl_s, True)
        return self._write(put.key, put.value, own if put.ttl_s is not None else put.lease), 0

    def _delete(self, delete: ops.Delete) -> tuple[None, int]:
        if self._expect(delete.key, delete.expected) is None:
            return None, 0
        self._remove(delete.key)
        return None, 1

    def _deleteprefix(self, delete: ops.DeletePrefix) -> tuple[None, int]:
        keys = [key for key in self.draft.entries if key.startswith(delete.prefix)]
        for key in keys:
            self._remove(key)
        return None, len(keys)

    def _get(self, get: ops.Get) -> tuple[Version | None, int]:
        return self.draft.entries.get(get.key), 0

    # -- items -----------------------------------------------------------------------------------------------

    def awaited(self, version: Version, entries: dict[str, Version]) -> list[str]:
        """What an item still waits for."""
        assert version.item
        others = [entries.get(key) for key in version.item.depends_on]
        return [
            other.key
            for other in others
            if other
            and other.item
            and other.item.state != "done"
            and other.create_revision <= version.create_revision
        ]

    def claimable(self) -> list[Version]:
        """What can be claimed now, best first."""
        found = [
            version
            for version in self.newest.entries.values()
            if version.item
            and version.item.state == "open"
            and version.item.not_before <= self.now
            and not self.awaited(version, self.newest.entries)
        ]
        return sorted(found, key=lambda v: (-v.item.priority if v.item else 0, v.create_revision, v.key))

    def _bury(self) -> None:
        """Until nothing changes: an open item that waits for a lost or dead one is dead."""
        changed = True
        while changed:
            changed = False
            for key, version in list(self.draft.entries.items()):
                item = version.item
                if not item or item.state != "open":
                    continue
                dead = any(
                    (other := self.draft.entries.get(name)) and other.item and other.item.state == "dead"
                    for name in self.awaited(version, self.draft.entries)
                )
                if dead or any(self.lost.get(o, 10**9) <= version.create_revision for o in item.depends_on):
                    self._set(key, state="dead", errors=(*item.errors, ""))
                    changed = True

    def _set(self, key: str, **fields: Any) -> Version:
        version = self.draft.entries[key]
        assert version.item
        if fields.get("state") != "claimed":
            fields |= {"holder": None, "lease_s": 0.0}
        return self._write(key, version.value, None, version.item._replace(**fields))

    def _post(self, post: ops.Post) -> tuple[Version, int]:
        self._expect(post.key, 0)
        for key in post.depends_on:
            other = self.draft.entries.get(key)
            if other is None:
                raise NoSuchKey
            if other.item is None or other.item.state == "dead":
                raise ItemState
        item = Item(
            priority=post.priority,
            tags=tuple(sorted(set(post.tags))),
            not_before=self.now + post.delay_s if post.delay_s else 0.0,
            depends_on=post.depends_on,
            max_attempts=post.max_attempts,
            backoff_s=post.backoff_s,
        )
        return self._write(post.key, post.value, None, item), 0

    def _claim(self, claim: ops.Claim) -> tuple[Version | None, int]:
        for version in self.claimable():
            item = version.item
            assert item
            if version.key.startswith(claim.prefix) and set(claim.tags) <= set(item.tags):
                return self._set(
                    version.key,
                    state="claimed",
                    attempts=item.attempts + 1,
                    token=self.revision + 1,
                    holder=self.author,
                    lease_s=claim.lease_s,
                ), 0
        return None, 0

    def _held(self, key: str, token: int) -> Version:
        version = self.draft.entries.get(key)
        if version is None:
            raise LookupError
        item = version.item
        if item is None:
            raise ItemState
        if item.state != "claimed" or item.token != token or self.claim_ends[key] <= self.now:
            raise LeaseLost
        return version

    def _renew(self, renew: ops.Renew) -> tuple[Version, int]:
        version = self._held(renew.key, renew.token)
        assert version.item
        self.claim_ends[renew.key] = self.now + version.item.lease_s
        return version, 0

    def _complete(self, complete: ops.Complete) -> tuple[Version, int]:
        version = self.draft.entries.get(complete.key)
        if version and version.item and version.item.state == "done" and version.item.token == complete.token:
            return version, 0
        self._held(complete.key, complete.token)
        return self._set(complete.key, state="done", result=complete.result), 0

    def _fail(self, fail: Any, retry: bool = True) -> tuple[Version, int]:
        key = fail if isinstance(fail, str) else fail.key
        if not isinstance(fail, str):
            self._held(key, fail.token)
            retry = fail.retry
        item = self.draft.entries[key].item
        assert item
        errors = (*item.errors, "")[-10:]
        if not retry or item.attempts >= item.max_attempts:
            version = self._set(key, state="dead", errors=errors)
            self._bury()
            return version, 0
        pause = min(60.0, item.backoff_s * 2 ** (item.attempts - 1))
        return self._set(key, state="open", errors=errors, not_before=self.now + pause), 0

    def _giveback(self, back: ops.GiveBack) -> tuple[Version, int]:
        item = self._held(back.key, back.token).item
        assert item
        later = self.now + back.delay_s if back.delay_s else 0.0
        return self._set(back.key, state="open", attempts=item.attempts - 1, not_before=later), 0

    # -- leases ----------------------------------------------------------------------------------------------

    def _grant(self, grant: ops.Grant) -> tuple[None, int]:
        if grant.lease in self.draft.leases:
            raise Conflict
        self.draft.leases[grant.lease] = (grant.ttl_s, False)
        return None, 0

    def _keepalive(self, keep: ops.KeepAlive) -> tuple[None, int]:
        if self.lease_ends.get(keep.lease, 0.0) <= self.now:
            raise LeaseLost
        self.lease_ends[keep.lease] = self.now + self.newest.leases[keep.lease][0]
        return None, 0

    def _revoke(self, revoke: ops.Revoke) -> tuple[None, int]:
        if revoke.lease not in self.draft.leases:
            raise LeaseLost
        return None, self._end(revoke.lease)

    def _end(self, lease: str) -> int:
        keys = [key for key, version in self.draft.entries.items() if version.lease == lease]
        for key in keys:
            self._remove(key)
        self.draft.leases.pop(lease, None)
        return len(keys)
