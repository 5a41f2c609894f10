"""What can be said of an operation without looking at the board: whether it means anything.

Operations come over the network. Each field is checked for its type and bounds before anything else sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, get_args

from shoal.blackboard import operations as ops
from shoal.blackboard.errors import InvalidOperation
from shoal.blackboard.store import entry_checks, item_checks
from shoal.blackboard.store.amounts import shown
from shoal.blackboard.store.comparisons import COMPARISONS, can_be_ordered, decoded, is_ordering
from shoal.blackboard.store.fields import check_choice, check_sequence, check_value
from shoal.blackboard.store.keys import check_key
from shoal.blackboard.store.limits import Limits
from shoal.blackboard.version import Value

_TARGETS: Final = get_args(ops.Target)


def check_operation(operation: object, limits: Limits) -> None:
    """Refuse an operation that means nothing, whatever is on the board.

    Raises :class:`InvalidOperation`, :class:`InvalidKey` or :class:`ValueRefused`.
    """
    check = CHECKS.get(type(operation))
    if check is None:
        raise InvalidOperation(f"no operation of a region: {shown(operation)}")
    check(operation, limits)


def _check_compare(compare: object, limits: Limits) -> None:
    if type(compare) is not ops.Compare:
        raise InvalidOperation(f"no compare: {shown(compare)}")
    check_key(compare.key, limits)
    check_choice(compare.comparison, "a comparison", COMPARISONS)
    check_choice(compare.target, "a target", _TARGETS)
    if compare.target != "value":
        if type(compare.operand) is not int:
            raise InvalidOperation(f"a {compare.target} is a whole number, not {shown(compare.operand)}")
        return
    check_value(compare.operand, limits)
    assert type(compare.operand) is Value
    if is_ordering(compare.comparison) and not can_be_ordered(decoded(compare.operand)):
        raise InvalidOperation(f"nothing is {compare.comparison} a value of tag {shown(compare.operand.tag)}")


def _check_transaction(transaction: ops.Transaction, limits: Limits) -> None:
    check_sequence(transaction.compares, "compares", limits.entries_per_commit)
    for compare in transaction.compares:
        _check_compare(compare, limits)
    for steps in (transaction.then, transaction.otherwise):
        check_sequence(steps, "steps", limits.entries_per_commit)
        for step in steps:
            if type(step) not in _STEPS:
                raise InvalidOperation(f"no step of a transaction: {shown(step)}")
            CHECKS[type(step)](step, limits)
        _check_written_once(steps, limits)


def _check_written_once(steps: tuple[ops.Step, ...], limits: Limits) -> None:
    """No key is written by two steps, as in etcd: all of them are at one revision."""
    keys: set[str] = set()
    prefixes: list[str] = []
    wide = 0
    for step in steps:
        if isinstance(step, ops.DeletePrefix):
            prefixes.append(step.prefix)
        elif not isinstance(step, ops.Get | ops.Range):
            if step.key in keys:
                raise InvalidOperation(f"the transaction writes {shown(step.key)} twice", key=step.key)
            keys.add(step.key)
        wide += isinstance(step, ops.DeletePrefix | ops.Range)
    if wide > limits.wide_steps:
        raise InvalidOperation(f"{wide:,} steps over prefixes; the limit is {limits.wide_steps}")
    deleted = tuple(prefixes)
    for key in keys:
        if key.startswith(deleted):
            raise InvalidOperation(f"the transaction writes {shown(key)}, and deletes by its prefix", key=key)


_STEPS: Final = frozenset(get_args(ops.Step))
CHECKS: Final[dict[type, Callable[[Any, Limits], None]]] = {
    ops.Put: entry_checks.check_put,
    ops.Delete: entry_checks.check_delete,
    ops.DeletePrefix: entry_checks.check_delete_prefix,
    ops.Get: entry_checks.check_get,
    ops.Range: entry_checks.check_range,
    ops.History: entry_checks.check_history,
    ops.Diff: entry_checks.check_diff,
    ops.Post: item_checks.check_post,
    ops.Claim: item_checks.check_claim,
    ops.Renew: item_checks.check_held,
    ops.Complete: item_checks.check_complete,
    ops.Fail: item_checks.check_fail,
    ops.GiveBack: item_checks.check_give_back,
    ops.Grant: entry_checks.check_grant,
    ops.KeepAlive: entry_checks.check_lease_operation,
    ops.Revoke: entry_checks.check_lease_operation,
    ops.Compact: entry_checks.check_compact,
    ops.Transaction: _check_transaction,
}
"""Every operation's check, by its type."""
