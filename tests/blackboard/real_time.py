"""What was known to be over when something began."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Span(NamedTuple):
    """When something was called and returned, and a number that may not fall as time goes on."""

    called: float
    returned: float
    number: int


def highest_before(spans: Iterable[tuple[Span, T]]) -> Iterator[tuple[T, T | None, int]]:
    """Each, in the order of calls, with the one of the highest number that had returned before it was called, and that
    number (``None`` and 0: none had)."""
    ended: list[tuple[float, int, int, T]] = []
    highest: T | None = None
    number = 0
    for place, (span, what) in enumerate(sorted(spans, key=lambda pair: pair[0].called)):
        while ended and ended[0][0] < span.called:
            _, _, shown, earlier = heapq.heappop(ended)
            if highest is None or shown > number:
                highest, number = earlier, shown
        yield what, highest, number
        heapq.heappush(ended, (span.returned, place, span.number, what))
