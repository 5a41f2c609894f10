"""Which states of a key its answers show, so that a search sees early that it went past one that is still needed."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Sequence

from tests.blackboard.history import Operation
from tests.blackboard.register_model import UNSAID, Read


class Sightings:
    """Of operations whose answers are known, by their places in the order of their calls.

    What is taken of them is said by ``low`` (all below it) and ``ahead`` (bits; bit 0 is ``low``).
    """

    def __init__(self, known: Sequence[Operation]) -> None:
        self._showing: dict[Hashable, list[int]] = defaultdict(list)
        self._writing: dict[Hashable, list[int]] = defaultdict(list)
        self._naming: dict[int, list[int]] = defaultdict(list)
        for place, operation in enumerate(known):
            request, answer = operation.request, operation.answer
            assert answer is not None
            if isinstance(request, Read) or not answer.done:
                value, mod = answer.value, answer.mod
            else:
                self._writing[request.value].append(place)
                value, mod = request.expected_value, request.expected_revision
            if value is not UNSAID:
                self._showing[value].append(place)
            if mod:
                self._naming[mod].append(place)

    def lack_revision(self, revision: int, low: int, ahead: int) -> bool:
        """Whether an answer that is not taken has still to show a revision that was left, and so never comes again."""
        return _any_left(self._naming.get(revision), low, ahead)

    def lack_value(self, value: Hashable | None, low: int, ahead: int) -> bool:
        """Whether one has still to show a value that was left, and that no known operation writes again."""
        return _any_left(self._showing.get(value), low, ahead) and not _any_left(
            self._writing.get(value), low, ahead
        )


def _any_left(places: list[int] | None, low: int, ahead: int) -> bool:
    if not places:
        return False
    # From the end: what was called last is nearly always still there.
    for number in range(len(places) - 1, bisect_left(places, low) - 1, -1):
        if not ahead >> (places[number] - low) & 1:
            return True
    return False
