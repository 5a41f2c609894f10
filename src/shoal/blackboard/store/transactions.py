"""Transactions: compare, then one of two lists of steps, each of which sees what those before it wrote."""

from __future__ import annotations

from shoal.blackboard.errors import InvalidOperation
from shoal.blackboard.operations import Transaction
from shoal.blackboard.results import Decided, Found, Page, Written
from shoal.blackboard.store.comparisons import compare_holds, compared_bytes
from shoal.blackboard.store.draft import Draft
from shoal.blackboard.store.reads import size_of
from shoal.blackboard.store.steps import STEPS


def transact(draft: Draft, transaction: Transaction) -> Decided:
    """Take all steps of one list, at one revision. Raises what its first refused step raises; then none is taken."""
    limits = draft.region.limits
    succeeded = _holds(draft, transaction)
    results: list[Written | Found | Page] = []
    size = 0
    for step in transaction.then if succeeded else transaction.otherwise:
        result = STEPS[type(step)](draft, step)
        size += _read_bytes(result)
        if size > limits.page_bytes:
            raise InvalidOperation(f"the transaction reads more than {limits.page_bytes:,} bytes")
        results.append(result)
    if len(draft.writes) > limits.entries_per_commit:
        raise InvalidOperation(
            f"the transaction writes {len(draft.writes):,} keys; the limit is {limits.entries_per_commit:,}"
        )
    return Decided(draft.seen, succeeded, tuple(results))


def _holds(draft: Draft, transaction: Transaction) -> bool:
    size = 0
    for compare in transaction.compares:
        version = draft.newest(compare.key)
        size += compared_bytes(compare, version)
        if size > draft.region.limits.page_bytes:
            raise InvalidOperation("the transaction compares too many bytes: compare revisions instead")
        if not compare_holds(compare, version):
            return False
    return True


def _read_bytes(result: Written | Found | Page) -> int:
    if isinstance(result, Found):
        return size_of(result.version) if result.version else 0
    return sum(map(size_of, result.versions)) if isinstance(result, Page) else 0
