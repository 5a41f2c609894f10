"""Leases: grant, keep alive, revoke; and what happens when the time of a lease or a claim is over."""

from __future__ import annotations

from shoal.blackboard.errors import Conflict, LeaseLost
from shoal.blackboard.operations import Grant, KeepAlive, Revoke
from shoal.blackboard.results import Written
from shoal.blackboard.store.claims import fail_attempt
from shoal.blackboard.store.draft import Draft
from shoal.blackboard.store.entries import remove
from shoal.blackboard.store.keys import lease_key
from shoal.blackboard.store.leases import Terms


def grant(draft: Draft, grant: Grant) -> Written:
    """A new lease. Raises :class:`Conflict` when there is one of that id."""
    before = draft.newest(lease_key(grant.lease))
    if before is not None:
        raise Conflict(
            f"there is a lease {grant.lease!r} already",
            key=grant.lease,
            expected=0,
            revision=before.mod_revision,
        )
    draft.write(lease_key(grant.lease), Terms(float(grant.ttl_s), own=False).encoded())
    return Written(draft.revision)


def keep_alive(draft: Draft, keep_alive: KeepAlive) -> Written:
    """Give a lease its full time from now. Raises :class:`LeaseLost` when it ended."""
    leases = draft.region.leases
    if leases.has_run_out(keep_alive.lease, draft.now):
        raise _lost(keep_alive.lease)
    leases.begin_anew(keep_alive.lease, draft.now)
    return Written(draft.seen)


def revoke(draft: Draft, revoke: Revoke) -> Written:
    """End a lease and delete its entries. Raises :class:`LeaseLost` when it ended."""
    if draft.region.leases.terms(revoke.lease) is None:
        raise _lost(revoke.lease)
    return Written(draft.revision, None, _end(draft, revoke.lease))


def expire(draft: Draft) -> None:
    """End the leases and fail the attempts whose time is over."""
    region = draft.region
    for key in region.work.claims.take(draft.now):
        version = draft.newest(key)
        assert version is not None
        assert version.item is not None
        fail_attempt(draft, version, version.item, f"the lease of {version.item.holder} ran out")
    for lease in region.leases.deadlines.take(draft.now):
        _end(draft, lease)


def _end(draft: Draft, lease: str) -> int:
    keys = draft.region.leases.keys(lease)
    draft.delete(lease_key(lease))
    for key in keys:
        version = draft.newest(key)
        assert version is not None
        remove(draft, version)
    return len(keys)


def _lost(lease: str) -> LeaseLost:
    return LeaseLost(f"there is no lease {lease!r}: it ended, or was never granted", lease=lease)
