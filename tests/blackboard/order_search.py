"""The search for an order of one key's operations that explains all their answers.

It is Wing and Gong's ("Testing and verifying concurrent objects", JPDC 1993): take as next any operation that was
called before every other open one returned and whose answer fits, and go back where none does. As in Lowe's variant
("Testing for linearizability", Concurrency and Computation 2017), and in Porcupine and Knossos, a configuration (what
was taken, and the state it led to) is tried once only; nor is one tried that can do no more than another that was, or
that left a state behind which an answer has still to show.

5,000 operations of eight clients with revisions take under a second, right or wrong, a few seconds when every tenth has
an unknown outcome. Without revisions a wrong history with unknown outcomes can take minutes: there are more ways to be
wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.blackboard.history import Operation, describe
from tests.blackboard.lost_operations import LostOperations
from tests.blackboard.register_model import Register, Write, apply, changes
from tests.blackboard.sightings import Sightings

_SHOWN = 8
"""Operations of the order found that an explanation shows."""


class Undecided(Exception):
    """The limit was reached first: record revisions, or use fewer operations of unknown outcome."""


class _Configuration(NamedTuple):
    """What was taken: all known operations below ``low``, and those of ``ahead`` (its bit 0 is ``low``); of those of
    unknown outcome the bits in ``lost``."""

    low: int
    ahead: int
    lost: int
    register: Register


_Step = tuple[_Configuration, tuple[Operation, ...]]


class OrderSearch:
    """One search. ``limit``: configurations that are tried at most.

    ``looks_ahead=False``: goes on where something is already missed, up to the answer that shows it.
    """

    def __init__(
        self, operations: Sequence[Operation], start: Register, limit: int, *, looks_ahead: bool = True
    ) -> None:
        self._limit = limit
        self._looks_ahead = looks_ahead
        self._known = sorted(
            (operation for operation in operations if operation.returned is not None),
            key=lambda operation: operation.called,
        )
        self._returns = [operation.returned or 0.0 for operation in self._known]
        self._sightings = Sightings(self._known)
        self._lost = LostOperations([op for op in operations if op.returned is None], self._known)
        self._first = _Configuration(0, 0, 0, start)
        self._came_from: dict[_Configuration, _Step | None] = {self._first: None}
        self._tried: dict[tuple[int, int], list[tuple[int, Register]]] = {}
        self._furthest = (float("-inf"), self._first)

    def succeeds(self) -> bool:
        """Whether there is an order. Raises :class:`Undecided`."""
        stack = [(self._first, self._steps(self._first))]
        while stack:
            configuration, steps = stack[-1]
            if configuration.low == len(self._known):
                return True
            step = next(steps, None)
            if step is None:
                stack.pop()
            elif self._is_new(step[0]) and not (self._looks_ahead and self._is_astray(configuration, *step)):
                self._came_from[step[0]] = configuration, step[1]
                if len(self._came_from) > self._limit:
                    raise Undecided(f"more than {self._limit:,} configurations")
                stack.append((step[0], self._steps(step[0])))
        return False

    def _is_astray(self, before: _Configuration, after: _Configuration, taken: tuple[Operation, ...]) -> bool:
        """Whether a step leaves a state behind for ever that an answer has still to show."""
        low, ahead, lost, register = after
        commit = before.register.commit
        if (
            commit != register.commit
            and isinstance(commit, int)
            and self._sightings.lack_revision(commit, low, ahead)
        ):
            return True
        left = {before.register.value, *(op.request.value for op in taken if isinstance(op.request, Write))}
        return any(
            value != register.value
            and self._sightings.lack_value(value, low, ahead)
            and not self._lost.may_leave(value, lost)
            for value in left
        )

    def _is_new(self, configuration: _Configuration) -> bool:
        """Whether none was tried that could do all that this one can: with the same taken, but no more lost ones."""
        low, ahead, lost, register = configuration
        tried = self._tried.setdefault((low, ahead), [])
        if any(self._lost.leaves_as_much(used, lost) and other.covers(register) for used, other in tried):
            return False
        tried.append((lost, register))
        return True

    def _open(self, configuration: _Configuration) -> tuple[list[int], float]:
        """The known operations that may be next, the first to return first, and when that was."""
        low, ahead = configuration.low, configuration.ahead
        found: list[int] = []
        horizon = float("inf")
        for index in range(low, len(self._known)):
            if self._known[index].called > horizon:
                break
            if not ahead >> (index - low) & 1:
                found.append(index)
                horizon = min(horizon, self._returns[index])
        return sorted(found, key=self._returns.__getitem__), horizon

    def _steps(self, configuration: _Configuration) -> Iterator[_Step]:
        indexes, horizon = self._open(configuration)
        if horizon > self._furthest[0]:
            self._furthest = horizon, configuration
        lost, register = configuration.lost, configuration.register
        operations = [self._known[index] for index in indexes]
        if any(_too_late(register, operation) for operation in operations):
            return
        possible: list[tuple[int, Register]] = []
        for index, operation in zip(indexes, operations, strict=True):
            after = apply(register, operation.request, operation.answer)
            if after == register:  # it only looked, and learnt nothing: no better moment will come
                yield _taken(configuration, index, lost, register), (operation,)
                return
            if after is not None:
                possible.append((index, after))
        for index, after in possible:
            yield _taken(configuration, index, lost, after), (self._known[index],)
        for way in self._lost.ways(register, lost, horizon, operations):
            index = indexes[way.place]
            yield _taken(configuration, index, way.used, way.register), (*way.taken, self._known[index])

    def explain(self) -> str:
        """How far an order was possible, and what then is not, for people."""
        horizon, configuration = self._furthest
        order: list[Operation] = []
        step = self._came_from[configuration]
        while step is not None:
            order[:0] = step[1]
            step = self._came_from[step[0]]
        number = len(self._known) + len(self._lost.operations)
        unused = self._lost.unused(configuration.lost, horizon)
        return "\n".join(
            [
                f"{len(order)} of {number} operations can be ordered, the last so:",
                *_lines(order[-_SHOWN:]),
                f"Then there is {configuration.register.describe()}, and no order is possible of what must follow, "
                f"the first of it by {horizon:.6f}:",
                *_lines([self._known[index] for index in self._open(configuration)[0]]),
                *(
                    ["Of unknown outcome, and possible at any time:", *_lines(unused[-_SHOWN:])]
                    if unused
                    else []
                ),
            ]
        )


def _taken(before: _Configuration, index: int, lost: int, register: Register) -> _Configuration:
    low, ahead = before.low, before.ahead | 1 << (index - before.low)
    while ahead & 1:
        low, ahead = low + 1, ahead >> 1
    return _Configuration(low, ahead, lost, register)


def _too_late(register: Register, operation: Operation) -> bool:
    """Whether the register is past what the answer shows: whatever comes, it will not fit any more."""
    answer = operation.answer
    assert answer is not None
    reached = register.reached
    if answer.revision is not None and answer.revision < reached + changes(operation.request, answer):
        return True
    return bool(answer.mod) and (answer.mod or 0) <= reached and register.pinned(answer.mod or 0) is None


def _lines(operations: Sequence[Operation]) -> list[str]:
    return [f"  {describe(operation)}" for operation in operations]
