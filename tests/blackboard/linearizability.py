"""Whether a recorded concurrent history of a region's keys is linearizable.

A history is *linearizable* (Herlihy, Wing: "Linearizability: a correctness condition for concurrent objects", TOPLAS
1990) when every operation can be given a moment between its call and its return, so that the answers are those of one
register a key (:mod:`tests.blackboard.register_model`) on which the operations happen at these moments.

Keys are searched one by one (:mod:`tests.blackboard.order_search`): a history is linearizable when that of each key is
(locality in Herlihy and Wing; P-compositionality in Horn and Kroening, FORTE 2015).

Besides, revisions of a region must agree with real time: see :func:`check_revisions`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress

from tests.blackboard.history import Operation, describe
from tests.blackboard.order_search import OrderSearch, Undecided
from tests.blackboard.real_time import Span, highest_before
from tests.blackboard.register_model import Answer, Read, Register, changes

__all__ = ["LIMIT", "NotLinearizable", "Undecided", "check", "check_revisions"]

LIMIT = 1_000_000
"""Configurations that are tried for one key: about a minute."""
_FOR_PEOPLE = 50_000
"""Those that are tried again to show how far an order goes, once it is certain that there is none."""


class NotLinearizable(AssertionError):
    """No order of the operations explains their answers; the text shows where."""


def check(
    history: Iterable[Operation], start: Mapping[str, Register] | None = None, *, limit: int = LIMIT
) -> None:
    """Check a history, of keys that are not there at first but for those in ``start``.

    Raises :class:`NotLinearizable`, :class:`Undecided` for a key that needs more than ``limit`` configurations, and
    ``ValueError`` for an operation that is recorded wrongly.
    """
    operations = list(history)
    by_key: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        _check_record(operation)
        by_key[operation.key].append(operation)
    check_revisions(operations)
    for key, of_key in sorted(by_key.items()):
        first = (start or {}).get(key, Register())
        if not OrderSearch(of_key, first, limit).succeeds():
            slower = OrderSearch(of_key, first, _FOR_PEOPLE, looks_ahead=False)
            with suppress(Undecided):
                slower.succeeds()
            raise NotLinearizable(f"key {key!r}: no order explains all answers. {slower.explain()}")


def _check_record(operation: Operation) -> None:
    answer = operation.answer
    if (operation.returned is None) != (answer is None):
        raise ValueError(f"an answer comes with the time it came at, and only then: {describe(operation)}")
    if operation.returned is not None and operation.returned < operation.called:
        raise ValueError(f"returned before it was called: {describe(operation)}")
    if isinstance(operation.request, Read) and answer is not None and not answer.done:
        raise ValueError(f"a read is never refused: {describe(operation)}")
    if (
        changes(operation.request, answer)
        and answer is not None
        and answer != Answer(revision=answer.revision)
    ):
        raise ValueError(f"a write that was done shows its revision, and nothing else: {describe(operation)}")


def check_revisions(history: Iterable[Operation]) -> None:
    """Check that revisions grow with real time, over all keys of the region.

    What was called after another answer came shows no lower revision, and a write that was done a higher one; no two
    writes have the same. Raises :class:`NotLinearizable`.
    """
    made: dict[int, Operation] = {}
    spans = [
        (Span(operation.called, operation.returned, _shown(operation)), operation)
        for operation in history
        if operation.returned is not None
    ]
    for operation, earlier, newest in highest_before(spans):
        answer = operation.answer
        assert answer is not None
        if answer.revision is None:
            continue
        writes = changes(operation.request, answer)
        if earlier is not None and answer.revision < newest + writes:
            raise NotLinearizable(_pair("revisions went back in real time", earlier, operation))
        if writes:
            if answer.revision in made:
                raise NotLinearizable(_pair("two writes have one revision", made[answer.revision], operation))
            made[answer.revision] = operation


def _shown(operation: Operation) -> int:
    """The newest revision that an answer shows to be reached."""
    assert operation.answer is not None
    return max(operation.answer.revision or 0, operation.answer.mod or 0)


def _pair(what: str, earlier: Operation, later: Operation) -> str:
    return f"{what}:\n  {describe(earlier)}\n  {describe(later)}"
