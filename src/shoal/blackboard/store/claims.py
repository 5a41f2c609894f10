"""Work items: post, claim under a lease, renew, complete, fail, give back.

A claim's fencing token is the revision of its commit, so each claim has another, higher than all before. An item that
is done takes no token but that which completed it: it completes exactly once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from shoal.blackboard.errors import ItemState, LeaseLost, NoSuchKey
from shoal.blackboard.operations import Claim, Complete, Fail, GiveBack, Post, Renew, Where
from shoal.blackboard.results import Claimed, Written
from shoal.blackboard.store.comparisons import decoded, where_holds
from shoal.blackboard.store.dependents import bury_dependents
from shoal.blackboard.store.draft import Draft
from shoal.blackboard.store.entries import expect
from shoal.blackboard.store.limits import LONGEST_ERROR
from shoal.blackboard.store.transitions import claimed, dead, done, failed, given_back
from shoal.blackboard.version import Item, Version


def post(draft: Draft, post: Post) -> Written:
    """Put an item on the board. Raises :class:`Conflict` when the key is there; :class:`NoSuchKey` and
    :class:`ItemState` for what it depends on."""
    expect(post.key, draft.newest(post.key), 0)
    depends_on = tuple(dict.fromkeys(post.depends_on))
    for key in depends_on:
        _check_dependency(draft, key)
    if draft.region.check is not None:
        draft.region.check(post.key, post.value)
    item = Item(
        priority=post.priority,
        tags=tuple(sorted(set(post.tags))),
        not_before=draft.now + post.delay_s if post.delay_s else 0.0,
        depends_on=depends_on,
        max_attempts=post.max_attempts,
        backoff_s=float(post.backoff_s),
    )
    draft.depend(post.key, depends_on)
    return Written(draft.revision, draft.write(post.key, post.value, None, item))


def claim(draft: Draft, claim: Claim) -> Claimed:
    """Take the best item that can be claimed now."""
    work = draft.region.work
    work.mature(draft.now)
    version = work.best(claim.prefix, tuple(claim.tags), partial(_fits, claim.where) if claim.where else None)
    if version is None:
        return Claimed(draft.seen, None)
    assert version.item is not None
    item = claimed(version.item, draft.revision, draft.author, float(claim.lease_s))
    return Claimed(draft.revision, draft.write_item(version, item))


def renew(draft: Draft, renew: Renew) -> Written:
    """Give a claim its full time from now. Raises as :func:`complete`."""
    version, item = _held(draft, renew.key, renew.token)
    draft.region.work.claims.set(version.key, draft.now + item.lease_s)
    return Written(draft.seen, version)


def complete(draft: Draft, complete: Complete) -> Written:
    """An item is done. Raises :class:`LeaseLost`, :class:`NoSuchKey` or :class:`ItemState`."""
    before = draft.newest(complete.key)
    if before is not None and _completed_by(before, complete.token):
        return Written(before.mod_revision, before)
    version, item = _held(draft, complete.key, complete.token)
    return Written(draft.revision, draft.write_item(version, done(item, complete.result)))


def fail(draft: Draft, fail: Fail) -> Written:
    """An attempt failed. Raises as :func:`complete`."""
    version, item = _held(draft, fail.key, fail.token)
    # An error's text may quote a file name that is no UTF-8; it cannot be saved like that.
    error = fail.error[:LONGEST_ERROR].encode(errors="backslashreplace").decode()[:LONGEST_ERROR]
    return Written(draft.revision, fail_attempt(draft, version, item, error, retry=fail.retry))


def give_back(draft: Draft, give_back: GiveBack) -> Written:
    """Put an item back. Raises as :func:`complete`."""
    version, item = _held(draft, give_back.key, give_back.token)
    not_before = draft.now + give_back.delay_s if give_back.delay_s else 0.0
    return Written(draft.revision, draft.write_item(version, given_back(item, not_before)))


def fail_attempt(draft: Draft, version: Version, item: Item, error: str, *, retry: bool = True) -> Version:
    """Put an item back, or let it be dead with its dependents."""
    after = failed(item, error, draft.now) if retry else dead(item, error)
    written = draft.write_item(version, after)
    if after.state == "dead":
        bury_dependents(draft, version, "is dead")
    return written


def _check_dependency(draft: Draft, key: str) -> None:
    other = draft.newest(key)
    if other is None:
        raise NoSuchKey(f"there is no {key!r} to depend on", key=key)
    if other.item is None:
        raise ItemState(f"{key!r} is no work item, it will never be done", key=key)
    if other.item.state == "dead":
        raise ItemState(f"{key!r} is dead, it will never be done", key=key)


def _completed_by(version: Version, token: int) -> bool:
    return version.item is not None and version.item.state == "done" and version.item.token == token


def _fits(where: Sequence[Where], version: Version) -> bool:
    assert version.value is not None
    fields = decoded(version.value)
    return all(where_holds(each, fields) for each in where)


def _held(draft: Draft, key: str, token: int) -> tuple[Version, Item]:
    """The item that is claimed under a token, and whose time is not over."""
    version = draft.newest(key)
    if version is None:
        if draft.region.versions.was_there(key) or key in draft.writes:
            raise LeaseLost(f"{key!r} was withdrawn", key=key)
        raise NoSuchKey(f"there is no {key!r}", key=key)
    item = version.item
    if item is None:
        raise ItemState(f"{key!r} is no work item", key=key)
    if item.state != "claimed":
        raise LeaseLost(f"the claim of {key!r} by token {token} is over: it is {item.state}", key=key)
    if item.token != token:
        raise LeaseLost(f"{key!r} is not claimed by token {token} (any more)", key=key)
    deadline = draft.region.work.claims.get(key)
    if deadline is None or deadline <= draft.now:
        raise LeaseLost(f"the lease of {key!r} by token {token} ran out", key=key)
    return version, item
