"""What can be said of operations on work items without looking at the board.

All raise :class:`InvalidKey`, :class:`ValueRefused` or :class:`InvalidOperation`.
"""

from __future__ import annotations

from typing import Final

from shoal.blackboard import operations as ops
from shoal.blackboard.errors import InvalidOperation
from shoal.blackboard.store.amounts import check_seconds, check_whole, shown
from shoal.blackboard.store.comparisons import COMPARISONS, can_be_ordered, is_ordering
from shoal.blackboard.store.fields import check_choice, check_flag, check_sequence, check_tags, check_value
from shoal.blackboard.store.keys import check_key, check_prefix
from shoal.blackboard.store.limits import MOST_ATTEMPTS, Limits

_INT64: Final = 2**63


def check_post(post: ops.Post, limits: Limits) -> None:
    """Refuse a post that means nothing."""
    check_key(post.key, limits)
    check_value(post.value, limits)
    check_whole(post.priority, "a priority", -_INT64, _INT64 - 1)
    check_tags(post.tags, limits)
    check_seconds(post.delay_s, "delay_s", zero=True)
    check_whole(post.max_attempts, "max_attempts", 1, MOST_ATTEMPTS)
    check_seconds(post.backoff_s, "backoff_s", zero=True)
    check_sequence(post.depends_on, "items to depend on", limits.depends_on)
    for key in post.depends_on:
        check_key(key, limits)


def check_claim(claim: ops.Claim, limits: Limits) -> None:
    """Refuse a claim that means nothing."""
    check_seconds(claim.lease_s, "lease_s")
    check_prefix(claim.prefix, limits)
    check_tags(claim.tags, limits)
    check_sequence(claim.where, "predicates", limits.tags)
    for where in claim.where:
        if type(where) is not ops.Where:
            raise InvalidOperation(f"no predicate: {shown(where)}")
        if type(where.field) is not str or not 0 < len(where.field) <= limits.key_bytes:
            raise InvalidOperation(f"a field is a path with dots, not {shown(where.field)}")
        check_choice(where.comparison, "a comparison", COMPARISONS)
        if is_ordering(where.comparison) and not can_be_ordered(where.operand):
            raise InvalidOperation(f"nothing is {where.comparison} {shown(where.operand)}")


def check_held(held: ops.Renew | ops.Complete | ops.Fail | ops.GiveBack, limits: Limits) -> None:
    """Refuse what is no claim: a key and a token."""
    check_key(held.key, limits)
    check_whole(held.token, "a token", -_INT64)


def check_complete(complete: ops.Complete, limits: Limits) -> None:
    """Refuse a complete that means nothing."""
    check_held(complete, limits)
    if complete.result is not None:
        check_value(complete.result, limits)


def check_fail(fail: ops.Fail, limits: Limits) -> None:
    """Refuse a fail that means nothing."""
    check_held(fail, limits)
    if type(fail.error) is not str:
        raise InvalidOperation(f"an error is a text, not {shown(fail.error)}")
    check_flag(fail.retry, "retry")


def check_give_back(give_back: ops.GiveBack, limits: Limits) -> None:
    """Refuse a give back that means nothing."""
    check_held(give_back, limits)
    check_seconds(give_back.delay_s, "delay_s", zero=True)
