"""What can be said of operations on entries and leases without looking at the board.

All raise :class:`InvalidKey`, :class:`ValueRefused` or :class:`InvalidOperation`.
"""

from __future__ import annotations

from typing import Final, get_args

from shoal.blackboard import operations as ops
from shoal.blackboard.errors import InvalidOperation
from shoal.blackboard.store.amounts import check_seconds, check_whole, shown
from shoal.blackboard.store.fields import check_choice, check_flag, check_lease, check_revision, check_value
from shoal.blackboard.store.keys import check_key, check_prefix, is_own
from shoal.blackboard.store.limits import Limits

_ORDERS: Final = get_args(ops.Order)


def check_put(put: ops.Put, limits: Limits) -> None:
    """Refuse a put that means nothing."""
    check_key(put.key, limits)
    check_value(put.value, limits)
    if put.expected is not None:
        check_revision(put.expected)
    if put.ttl_s is not None:
        check_seconds(put.ttl_s, "ttl_s")
        if put.lease is not None:
            raise InvalidOperation("an entry has a lease or a ttl_s of its own, not both")
    elif put.lease is not None:
        check_lease(put.lease, limits)
        if is_own(put.lease):
            raise InvalidOperation(f"the lease {shown(put.lease)} is that of a key put with ttl_s")


def check_delete(delete: ops.Delete, limits: Limits) -> None:
    """Refuse a delete that means nothing."""
    check_key(delete.key, limits)
    check_revision(delete.expected)


def check_delete_prefix(delete: ops.DeletePrefix, limits: Limits) -> None:
    """Refuse a delete prefix that means nothing."""
    check_prefix(delete.prefix, limits)
    if not delete.prefix:
        raise InvalidOperation("deleting by an empty prefix would delete everything")


def check_get(get: ops.Get, limits: Limits) -> None:
    """Refuse a get that means nothing."""
    check_key(get.key, limits)
    check_revision(get.revision)


def check_range(range_: ops.Range, limits: Limits) -> None:
    """Refuse a range that means nothing."""
    check_prefix(range_.prefix, limits)
    check_prefix(range_.after, limits)
    check_revision(range_.revision)
    check_whole(range_.limit, "a limit")
    check_flag(range_.descending, "descending")
    check_choice(range_.order, "an order", _ORDERS)
    if range_.after and range_.order != "key":
        raise InvalidOperation("pages by `after` are in the order of keys")


def check_history(history: ops.History, limits: Limits) -> None:
    """Refuse a history that means nothing."""
    check_key(history.key, limits)
    check_whole(history.since, "a revision")
    check_whole(history.limit, "a limit")


def check_diff(diff: ops.Diff, limits: Limits) -> None:
    """Refuse a diff that means nothing."""
    check_whole(diff.before, "a revision")
    check_whole(diff.after, "a revision")
    check_prefix(diff.prefix, limits)


def check_grant(grant: ops.Grant, limits: Limits) -> None:
    """Refuse a grant that means nothing."""
    check_lease(grant.lease, limits)
    check_seconds(grant.ttl_s, "ttl_s")
    if is_own(grant.lease):
        raise InvalidOperation(f"ids like {shown(grant.lease)} are kept for keys put with ttl_s")


def check_lease_operation(operation: ops.KeepAlive | ops.Revoke, limits: Limits) -> None:
    """Refuse the id of no lease."""
    check_lease(operation.lease, limits)


def check_compact(compact: ops.Compact, limits: Limits) -> None:
    """Refuse a compact that means nothing."""
    check_whole(compact.revision, "a revision")
