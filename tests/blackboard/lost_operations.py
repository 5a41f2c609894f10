"""The operations of one key whose outcome is unknown, and where in an order each may be of use.

One may happen at any time after its call, or never. Tried blindly each doubles the work; here one is taken only where
it counts, directly before an operation that could not be next without it. Nothing is missed: where the next one could
do without it, either its trace is overwritten, and it may as well never have happened, or it may happen after that one.
Of equal ones the first called is taken, and values that no answer shows are equal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from tests.blackboard.history import Operation
from tests.blackboard.register_model import UNSAID, Register, Write, apply

_UNSEEN = "(a value that no answer shows)"


class Way(NamedTuple):
    """How an operation can be next: after lost ones, which leaves ``used`` and ``register``."""

    place: int
    """Which of the given ones."""
    used: int
    """All that are taken by now, as bits."""
    register: Register
    taken: tuple[Operation, ...]


class LostOperations:
    """Those of one key. ``known`` are its others."""

    def __init__(self, lost: Sequence[Operation], known: Sequence[Operation]) -> None:
        seen: set[Hashable] = {None}
        for operation in (*lost, *known):
            if isinstance(operation.request, Write):
                seen.add(operation.request.expected_value)
            if operation.answer is not None:
                seen.add(operation.answer.value)
        self.operations: list[Operation] = []
        self._requests: list[Write] = []
        self._leaving: dict[Hashable, int] = {}
        self._conditional = self._setting = self._creating = 0
        for operation in sorted(lost, key=lambda operation: operation.called):
            request = operation.request
            if not isinstance(request, Write):
                continue  # a read that nobody got an answer to did nothing
            request = _normal(request, seen)
            bit = 1 << len(self.operations)
            self.operations.append(operation)
            self._requests.append(request)
            self._leaving[request.value] = self._leaving.get(request.value, 0) | bit
            if request.expected_revision is not None or request.expected_value is not UNSAID:
                self._conditional |= bit
            if request == Write(_UNSEEN):
                self._setting |= bit
            elif request == Write(_UNSEEN, expected_revision=0):
                self._creating |= bit
        self._calls = [operation.called for operation in self.operations]
        self._all = (1 << len(self.operations)) - 1

    def unused(self, used: int, horizon: float) -> list[Operation]:
        """Those called by ``horizon`` that are not taken."""
        return [self.operations[number] for number in _bits(self._called_by(horizon) & ~used)]

    def leaves_as_much(self, used: int, other: int) -> bool:
        """Whether with ``used`` taken all is possible that is with ``other`` taken.

        Of those whose value is never seen one is as good as another, and one that sets better than one that creates.
        """
        unlike = ~(self._setting | self._creating)
        setting, other_setting = used & self._setting, other & self._setting
        more = setting.bit_count() - other_setting.bit_count()
        creating, other_creating = used & self._creating, other & self._creating
        more_in_all = more + creating.bit_count() - other_creating.bit_count()
        return used & ~other & unlike == 0 and more <= 0 and more_in_all <= 0

    def may_leave(self, value: Hashable | None, used: int) -> bool:
        """Whether one that is not taken leaves this value."""
        return bool(self._leaving.get(value, 0) & ~used)

    def ways(
        self, register: Register, used: int, horizon: float, known: Sequence[Operation]
    ) -> Iterator[Way]:
        """The ways to one of ``known`` from this state over lost operations that were called by ``horizon``."""
        free = self._called_by(horizon) & ~used
        useful = self._useful(register, free, known) if free else 0
        if useful:
            yield from self._extend(_Chain(used, register), useful, known)

    def _called_by(self, horizon: float) -> int:
        return (1 << bisect_right(self._calls, horizon)) - 1

    def _extend(self, chain: _Chain, useful: int, known: Sequence[Operation]) -> Iterator[Way]:
        tried: set[Write] = set()
        # After another lost one only a conditional one can be of use: any other overwrites it.
        for number in _bits(useful & ~chain.used & (self._conditional if chain.taken else self._all)):
            request = self._requests[number]
            if request in tried:
                continue
            tried.add(request)
            after = apply(chain.register, request, None)
            if after is None or (chain.taken and not chain.counts_before_lost(request, after)):
                continue
            longer = _Chain(
                chain.used | 1 << number,
                after,
                (*chain.taken, self.operations[number]),
                request,
                chain.register,
            )
            for place, operation in enumerate(known):
                end = apply(after, operation.request, operation.answer)
                if end is not None and longer.counts_before(operation, end):
                    yield Way(place, longer.used, end, longer.taken)
            yield from self._extend(longer, useful, known)

    def _useful(self, register: Register, free: int, known: Sequence[Operation]) -> int:
        """Those that may be of use to one of ``known``; the rest is not worth a look."""
        useful = 0
        for operation in known:
            useful |= self._wanted(register, operation)
        useful &= free
        unmet = useful & self._conditional
        while unmet:
            more = 0
            for number in _bits(unmet):
                more |= self._leading_to(register, self._requests[number])
            unmet = more & free & ~useful
            useful |= unmet
            unmet &= self._conditional
        return useful

    def _wanted(self, register: Register, operation: Operation) -> int:
        """Those after which an operation may fit that does not fit now."""
        request, answer = operation.request, operation.answer
        assert answer is not None
        if isinstance(request, Write) and answer.done:
            if request.value is None and register.value is None:
                return self._all
            return self._leading_to(register, request)
        if answer.value is not UNSAID:
            return self._leaving.get(answer.value, 0)
        if answer.mod is not None:
            return self._showing(register, answer.mod)
        return self._all

    def _leading_to(self, register: Register, request: Write) -> int:
        if request.expected_value is not UNSAID:
            return self._leaving.get(request.expected_value, 0)
        if request.expected_revision is not None:
            return self._showing(register, request.expected_revision)
        return 0

    def _showing(self, register: Register, mod: int) -> int:
        if mod == 0:
            return self._leaving.get(None, 0)
        return self._all if mod > register.reached else 0


def _normal(request: Write, seen: set[Hashable]) -> Write:
    """The same with one value for all that are never seen, and one way to say that nothing may be there."""
    value = request.value if request.value in seen else _UNSEEN
    if request.expected_value is None and request.expected_revision in (None, 0):
        return Write(value, expected_revision=0)
    return replace(request, value=value)


class _Chain(NamedTuple):
    """Lost operations that are taken, one directly after the other."""

    used: int
    register: Register
    taken: tuple[Operation, ...] = ()
    last: Write | None = None
    before: Register | None = None
    """The state before the last of them."""

    def counts_before(self, operation: Operation, after: Register) -> bool:
        """Whether the last one is of use to ``operation``, which leads to ``after``."""
        assert self.before is not None
        assert self.last is not None
        without = apply(self.before, operation.request, operation.answer)
        if without is None:
            return True
        if without.covers(after):
            return False
        later = apply(without, self.last, None)
        return later is None or not later.covers(after)

    def counts_before_lost(self, request: Write, after: Register) -> bool:
        """The same for another lost one. Of two that both could be first, either order has to be tried."""
        assert self.before is not None
        without = apply(self.before, request, None)
        return without is None or not without.covers(after)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
