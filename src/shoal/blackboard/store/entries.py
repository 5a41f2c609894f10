"""Writing entries: put, and the deletes."""

from __future__ import annotations

from shoal.blackboard.errors import Conflict, InvalidOperation, ItemState, NoSuchKey
from shoal.blackboard.operations import Delete, DeletePrefix, Put
from shoal.blackboard.results import Written
from shoal.blackboard.store.dependents import bury_dependents
from shoal.blackboard.store.draft import Draft
from shoal.blackboard.store.keys import lease_key, own_lease
from shoal.blackboard.store.leases import Terms
from shoal.blackboard.version import Version


def put(draft: Draft, put: Put) -> Written:
    """Set a key. Raises :class:`Conflict`, :class:`ItemState` for an item's, :class:`NoSuchKey` for a lease that is
    not there (any more), and what the schema check raises."""
    key = put.key
    before = draft.newest(key)
    if before is not None and before.item is not None:
        raise ItemState(f"{key!r} is a work item: complete, fail or delete it", key=key)
    expect(key, before, put.expected)
    lease, region = put.lease, draft.region
    if lease is not None and region.leases.has_run_out(lease, draft.now):
        raise NoSuchKey(
            f"there is no lease {lease!r} to put {key!r} under: it ended, or was never granted", key=key
        )
    if region.check is not None:
        region.check(key, put.value)
    if put.ttl_s is not None:
        lease = _begin_own_lease(draft, key, float(put.ttl_s))
    elif before is not None and before.lease is not None:
        _end_own_lease(draft, before)
    return Written(draft.revision, draft.write(key, put.value, lease))


def delete(draft: Draft, delete: Delete) -> Written:
    """Delete a key, or withdraw an item. Raises :class:`Conflict`."""
    before = draft.newest(delete.key)
    expect(delete.key, before, delete.expected)
    if before is None:
        return Written(draft.seen)
    remove(draft, before)
    return Written(draft.revision, None, 1)


def delete_prefix(draft: Draft, delete: DeletePrefix) -> Written:
    """Delete all keys under a prefix. Raises :class:`InvalidOperation` when they are too many for one commit."""
    keys = list(draft.keys(delete.prefix))
    most = draft.region.limits.entries_per_commit
    if len(keys) > most:
        raise InvalidOperation(
            f"{len(keys):,} keys begin with {delete.prefix!r}, one commit deletes up to {most:,}: use longer prefixes"
        )
    for key in keys:
        before = draft.newest(key)
        if before is not None:
            remove(draft, before)
    return Written(draft.revision if keys else draft.seen, None, len(keys))


def remove(draft: Draft, before: Version) -> None:
    """Delete what is there, with what hangs on it."""
    draft.delete(before.key)
    if before.lease is not None:
        _end_own_lease(draft, before)
    if before.item is not None:
        bury_dependents(draft, before, "was withdrawn")


def expect(key: str, before: Version | None, expected: int | None) -> None:
    """Raises :class:`Conflict` when a key is not at the revision that was expected."""
    if expected is None:
        return
    revision = 0 if before is None else before.mod_revision
    if revision != expected:
        is_there = "there is none" if before is None else f"it is at {revision}"
        wanted = f"at revision {expected}" if expected else "not to be there"
        raise Conflict(
            f"{key!r} was expected {wanted}, but {is_there}", key=key, expected=expected, revision=revision
        )


def _begin_own_lease(draft: Draft, key: str, ttl_s: float) -> str:
    lease = own_lease(key)
    terms = Terms(ttl_s, own=True)
    if draft.region.leases.terms(lease) != terms:  # else the lease only begins anew
        draft.write(lease_key(lease), terms.encoded())
    return lease


def _end_own_lease(draft: Draft, before: Version) -> None:
    lease = own_lease(before.key)
    if before.lease == lease and draft.newest(lease_key(lease)) is not None:
        draft.delete(lease_key(lease))
