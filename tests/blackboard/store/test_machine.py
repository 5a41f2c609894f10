"""Any sequence of operations, pauses, undos, compactions and restarts: the store does what the model does."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shoal.blackboard import operations as ops
from shoal.blackboard.errors import BoardRefused, Compacted, FutureRevision, LeaseLost, NoSuchKey
from shoal.blackboard.results import Claimed, Decided, Differences, Found, Page, Result, Written
from shoal.blackboard.store import Store
from shoal.blackboard.store.keys import hidden
from shoal.blackboard.version import Cause, Commit, Value, Version
from tests.blackboard.store.model import Answer, Model
from tests.blackboard.store.stand import START, value

KEY_LIST = ["a", "a/x", "a/y", "a/y/z", "b", "b/x"]
KEYS = st.sampled_from(KEY_LIST)
PREFIXES = st.sampled_from(["a", "a/", "a/y", "b/", "c"])
LEASES = st.sampled_from(["one", "two"])
SPANS = st.sampled_from([1.0, 2.0, 5.0])
CLAIMED_PREFIXES = st.sampled_from(["", "", "", "a/", "a/y", "b"])
CLAIMED_TAGS = st.sampled_from([(), (), (), ("red",), ("red", "blue")])
TAGS = st.lists(st.sampled_from(["red", "blue"]), max_size=2).map(tuple)
VALUES = st.integers(0, 3).map(value)
AUTHORS = st.sampled_from(["alice", "bob"])


def plain(version: Version | None) -> Version | None:
    """A version without the texts of its errors."""
    if version is None or version.item is None:
        return version
    return version._replace(item=version.item._replace(errors=("",) * len(version.item.errors)))


class Machine(RuleBasedStateMachine):
    """The store and the model, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.model = Model()
        self.now = self.model.now = START
        self.commits: list[Commit] = []
        self.tokens: list[tuple[str, int]] = [("a", 1)]

    # -- what happens ----------------------------------------------------------------------------------------

    @rule(key=KEYS, of=VALUES, author=AUTHORS, data=st.data())
    def put(self, key: str, of: Value, author: str, data: st.DataObject) -> None:
        self.run_both(self.drawn_put(key, of, data), author)

    @rule(key=KEYS, prefix=PREFIXES, wide=st.sampled_from([False, False, True]), data=st.data())
    def delete(self, key: str, prefix: str, wide: bool, data: st.DataObject) -> None:
        one = ops.Delete(key, self.drawn_expectation(key, data))
        self.run_both(ops.DeletePrefix(prefix) if wide else one, "alice")

    @rule(key=KEYS, of=VALUES, author=AUTHORS, data=st.data())
    def post(self, key: str, of: Value, author: str, data: st.DataObject) -> None:
        self.run_both(self.drawn_post(key, of, data), author)

    @rule(lease_s=SPANS, prefix=CLAIMED_PREFIXES, tags=CLAIMED_TAGS, author=AUTHORS)
    def claim(self, lease_s: float, prefix: str, tags: tuple[str, ...], author: str) -> None:
        self.run_both(ops.Claim(lease_s, prefix, tags), author)

    @rule(author=AUTHORS, data=st.data())
    def end_claim(self, author: str, data: st.DataObject) -> None:
        self.run_both(self.drawn_end(data), author)

    @rule(author=AUTHORS, data=st.data())
    def end_claim_in_time(self, author: str, data: st.DataObject) -> None:
        self.run_both(ops.Claim(), author)
        self.run_both(self.drawn_end(data), author)

    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        self.run_both(ops.Renew(*self.drawn_token(data)), "alice")

    @rule(lease=LEASES, ttl_s=SPANS)
    def grant(self, lease: str, ttl_s: float) -> None:
        self.run_both(ops.Grant(lease, ttl_s), "alice")

    @rule(lease=st.one_of(LEASES, st.just("key:a")), keep=st.booleans())
    def keep_or_end_a_lease(self, lease: str, keep: bool) -> None:
        self.run_both(ops.KeepAlive(lease) if keep else ops.Revoke(lease), "alice")

    @rule(author=AUTHORS, data=st.data())
    def transact(self, author: str, data: st.DataObject) -> None:
        keys = data.draw(st.lists(KEYS, max_size=4, unique=True))
        steps = tuple(self.drawn_step(key, data) for key in keys)
        compared, revision = data.draw(KEYS), data.draw(st.integers(0, self.store.revision))
        compare = ops.Compare(compared, "mod_revision", data.draw(st.sampled_from(["==", "<"])), revision)
        self.run_both(ops.Transaction((compare,), steps, (ops.Get("a"),)), author)

    @rule(by_s=st.sampled_from([0.5, 1.0, 3.0]), advance=st.booleans())
    def pass_time(self, by_s: float, advance: bool) -> None:
        self.now = self.model.now = self.now + by_s  # the store hears of it by the next read
        if advance:
            self.advance()

    @rule()
    def advance(self) -> None:
        self.model.advance(self.now)
        self.keep(self.store.advance(self.now))
        times = [*self.model.claim_ends.values(), *self.model.lease_ends.values()]
        times += [
            version.item.not_before
            for version in self.model.newest.entries.values()
            if version.item
            and version.item.state == "open"
            and version.item.not_before > self.now
            and not self.model.awaited(version, self.model.newest.entries)
        ]
        assert self.store.due() == min(times, default=None)

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        revision = data.draw(st.integers(self.store.oldest, self.store.revision))
        self.model.undo(revision)
        self.store.undo(revision)
        del self.commits[revision:]

    @rule(data=st.data())
    def compact(self, data: st.DataObject) -> None:
        revision = data.draw(st.integers(0, self.store.revision))
        self.store.compact(revision)
        self.model.oldest = max(self.model.oldest, revision)

    @rule(data=st.data())
    def restart(self, data: st.DataObject) -> None:
        oldest = data.draw(st.integers(self.store.oldest, self.store.revision))
        base = {version.key: version for commit in self.commits[:oldest] for version in commit}
        live = [version for version in base.values() if not version.deleted]
        self.store = Store.restore(live, oldest, self.commits[oldest:], self.now)
        self.model.oldest = oldest
        self.model.restart()

    # -- what is seen ----------------------------------------------------------------------------------------

    @rule(data=st.data(), prefix=st.one_of(st.just(""), PREFIXES), descending=st.booleans())
    def read_a_range(self, data: st.DataObject, prefix: str, descending: bool) -> None:
        revision = data.draw(st.one_of(st.none(), st.integers(0, self.store.revision + 1)))
        after, limit = data.draw(st.one_of(st.just(""), KEYS)), data.draw(st.integers(0, 3))
        operation = ops.Range(prefix, after, revision, limit, "key", descending)
        if revision is not None and not self.is_readable(revision, operation):
            return
        entries = self.model.copies[self.model.revision if revision is None else revision].entries
        found = [entries[key] for key in sorted(entries, reverse=descending) if key.startswith(prefix)]
        if after:
            found = [
                version for version in found if (version.key < after if descending else version.key > after)
            ]
        page = self.read(operation)
        assert isinstance(page, Page)
        assert [plain(version) for version in page.versions] == found[: limit or None]
        assert page.more == bool(limit and len(found) > limit)

    @rule(data=st.data())
    def read_a_difference(self, data: st.DataObject) -> None:
        revisions = st.integers(0, self.store.revision + 1)
        before, after = data.draw(revisions), data.draw(revisions)
        operation = ops.Diff(before, after)
        if not (self.is_readable(before, operation) and self.is_readable(after, operation)):
            return
        was, now = self.model.copies[before].entries, self.model.copies[after].entries
        changed = [key for key in sorted({*was, *now}) if was.get(key) != now.get(key)]
        found = self.read(operation)
        assert isinstance(found, Differences)
        pairs = [(each.key, plain(each.before), plain(each.after)) for each in found.differences]
        assert pairs == [(key, was.get(key), now.get(key)) for key in changed]

    @rule(key=KEYS)
    def read_a_history(self, key: str) -> None:
        kept = [copy.entries.get(key) for copy in self.model.copies[self.model.oldest :]]
        expected: list[Version | None] = [kept[0]] if kept[0] else []
        expected += [now for was, now in pairwise(kept) if was != now]
        page = self.read(ops.History(key))
        assert isinstance(page, Page)
        assert [None if v.deleted else plain(v) for v in page.versions] == expected

    @rule(data=st.data(), prefix=st.one_of(st.just(""), PREFIXES), limit=st.integers(0, 3))
    def read_changes(self, data: st.DataObject, prefix: str, limit: int) -> None:
        since = data.draw(st.integers(0, self.store.revision + 2))
        if since <= self.model.oldest and self.model.oldest:
            with pytest.raises(Compacted):
                self.store.changes(since, prefix, limit)
            return
        expected: list[Version] = []
        for commit in self.commits[max(since - 1, 0) :]:
            if limit and len(expected) >= limit:
                break
            expected += [v for v in commit if v.key.startswith(prefix) and not hidden(v.key)]
        assert self.store.changes(since, prefix, limit) == expected

    @invariant()
    def both_are_the_same(self) -> None:
        page = self.read(ops.Range())
        assert isinstance(page, Page)
        expected = self.model.newest.entries
        assert [plain(v) for v in page.versions] == [expected[key] for key in sorted(expected)]
        summary = self.store.summary()
        states = [version.item.state for version in expected.values() if version.item]
        assert (summary.revision, summary.oldest) == (self.model.revision, self.model.oldest)
        assert (summary.keys, summary.leases) == (len(expected), len(self.model.newest.leases))
        assert (summary.open, summary.claimed) == (states.count("open"), states.count("claimed"))
        assert (summary.done, summary.dead) == (states.count("done"), states.count("dead"))

    @invariant()
    def as_many_can_be_claimed(self) -> None:
        self.read(ops.Claim(prefix="nothing is here"))  # tells the store the time
        assert self.store.summary().claimable == len(self.model.claimable())

    # -- how -------------------------------------------------------------------------------------------------

    def run_both(self, operation: ops.Operation, author: str) -> None:
        expected: list[Answer] | None = None
        refused: type[BoardRefused] | tuple[type[BoardRefused], ...] = BoardRefused
        try:
            expected = self.model.execute(operation, author, self.now)
        except BoardRefused as exc:
            refused = type(exc)
        except LookupError:
            refused = (NoSuchKey, LeaseLost)  # by whether its deletion is still known
        if expected is None:
            before = self.store.revision
            with pytest.raises(refused):
                self.store.execute(operation, Cause(author), self.now)
            assert self.store.revision == before
            return
        result, commit = self.store.execute(operation, Cause(author), self.now)
        self.keep(commit)
        results = result.results if isinstance(result, Decided) else (result,)
        assert [seen(each) for each in results] == [(r, v, n) for r, _, v, n in expected]
        if isinstance(result, Claimed) and result.version and result.version.item:
            self.tokens.append((result.version.key, result.version.item.token))

    def keep(self, commit: Commit) -> None:
        if commit:
            self.commits.append(commit)

    def read(self, operation: ops.Operation) -> Result:
        result, commit = self.store.execute(operation, Cause("reader"), self.now)
        assert commit == ()
        return result

    def is_readable(self, revision: int, operation: ops.Operation) -> bool:
        if self.model.oldest <= revision <= self.model.revision:
            return True
        with pytest.raises((Compacted, FutureRevision)):
            self.read(operation)
        return False

    def drawn_expectation(self, key: str, data: st.DataObject) -> int | None:
        version = self.model.newest.entries.get(key)
        return data.draw(st.sampled_from([None, None, version.mod_revision if version else 0, 1]))

    def drawn_put(self, key: str, of: Value, data: st.DataObject) -> ops.Put:
        lease = data.draw(st.one_of(st.none(), LEASES))
        ttl_s = data.draw(st.one_of(st.none(), SPANS)) if lease is None else None
        return ops.Put(key, of, self.drawn_expectation(key, data), lease, ttl_s)

    def drawn_post(self, key: str, of: Value, data: st.DataObject) -> ops.Post:
        items = [key for key, version in self.model.newest.entries.items() if version.item]
        return ops.Post(
            key,
            of,
            priority=data.draw(st.integers(-1, 1)),
            tags=data.draw(TAGS),
            delay_s=data.draw(st.sampled_from([0.0, 0.0, 2.0])),
            max_attempts=data.draw(st.integers(1, 3)),
            depends_on=tuple(data.draw(st.lists(st.sampled_from(items or KEY_LIST), max_size=2, unique=True)))
            if items or data.draw(st.integers(0, 9)) == 0
            else (),
            backoff_s=data.draw(st.sampled_from([0.0, 1.0, 40.0])),
        )

    def drawn_end(self, data: st.DataObject, key: str | None = None) -> Any:
        name, token = self.drawn_token(data, key)
        kind = data.draw(st.sampled_from([ops.Complete, ops.Complete, ops.Fail, ops.GiveBack]))
        if kind is ops.Complete:
            return ops.Complete(name, token, data.draw(st.one_of(st.none(), VALUES)))
        if kind is ops.Fail:
            return ops.Fail(name, token, "why", data.draw(st.booleans()))
        return ops.GiveBack(name, token, data.draw(st.sampled_from([0.0, 2.0])))

    def drawn_token(self, data: st.DataObject, key: str | None = None) -> tuple[str, int]:
        """Of a claim that runs, if there is one; else of any that was."""
        running = [
            (version.key, version.item.token)
            for version in self.model.newest.entries.values()
            if version.item and version.item.state == "claimed"
        ]
        for tokens in (running, self.tokens) if data.draw(st.integers(0, 3)) else (self.tokens,):
            if fitting := [token for token in tokens if key in (None, token[0])]:
                return data.draw(st.sampled_from(fitting))
        return key or "a", 1

    def drawn_step(self, key: str, data: st.DataObject) -> Any:
        kind = data.draw(st.sampled_from(["put", "delete", "get", "post", "end"]))
        if kind == "put":
            return self.drawn_put(key, data.draw(VALUES), data)
        if kind == "post":
            return self.drawn_post(key, data.draw(VALUES), data)
        if kind == "end":
            return self.drawn_end(data, key)
        return ops.Get(key) if kind == "get" else ops.Delete(key)


def seen(result: Result) -> tuple[int, Version | None, int]:
    """An answer as the model gives it."""
    assert isinstance(result, Written | Found | Claimed)
    return result.revision, plain(result.version), result.deleted if isinstance(result, Written) else 0


Machine.TestCase.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
TestAnySequence = Machine.TestCase
