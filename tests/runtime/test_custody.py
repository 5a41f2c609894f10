"""Custody: released once, when the last of what it covers has ended."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.custody import Custody


@given(holds=st.lists(st.booleans(), max_size=50))
def test_it_is_released_once_and_only_when_everything_it_covers_has_ended(holds: list[bool]) -> None:
    released: list[int] = []
    custody = Custody(lambda: released.append(1))
    still_open = 1
    for hold in holds:
        if hold:
            custody.hold()
            still_open += 1
        elif still_open > 1:
            custody.end()
            still_open -= 1
        assert not released
    for left in range(still_open, 0, -1):
        assert len(released) == 0, left
        custody.end()
    assert released == [1]


def test_a_handler_that_sent_nothing_is_released_when_it_ends() -> None:
    released: list[int] = []
    custody = Custody(lambda: released.append(1))
    custody.end()
    assert released == [1]
