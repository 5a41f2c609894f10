"""Frames by number: whatever order and however often they come, each is given once and in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.errors import ProtocolError
from shoal.runtime.numbered import Numbered


@given(
    numbers=st.permutations(range(1, 30)), repeated=st.lists(st.integers(1, 29), max_size=20), at=st.data()
)
def test_frames_come_out_once_and_in_order_whatever_order_they_come_in(
    numbers: list[int], repeated: list[int], at: st.DataObject
) -> None:
    arrivals = list(numbers)
    for number in repeated:
        arrivals.insert(at.draw(st.integers(0, len(arrivals))), number)
    frames: Numbered[str] = Numbered(100)
    given_back = [frame for number in arrivals for frame in frames.take(number, f"frame {number}")]
    assert given_back == [f"frame {number}" for number in range(1, 30)]
    assert frames.last == 29


@given(numbers=st.lists(st.integers(0, 40)))
def test_a_frame_is_given_only_when_all_before_it_have_come(numbers: list[int]) -> None:
    frames: Numbered[int] = Numbered(100)
    come: set[int] = set()
    for number in numbers:
        come.add(number)
        list(frames.take(number, number))
        assert set(range(1, frames.last + 1)) <= come
        assert frames.last + 1 not in come


def test_a_frame_is_not_given_before_the_one_before_it() -> None:
    frames: Numbered[str] = Numbered(2)
    assert list(frames.take(2, "b")) == []
    assert list(frames.take(1, "a")) == ["a", "b"]


def test_more_frames_than_may_wait_for_a_missing_one_are_a_protocol_error() -> None:
    frames: Numbered[str] = Numbered(2)
    assert list(frames.take(3, "c")) == []
    assert list(frames.take(4, "d")) == []
    with pytest.raises(ProtocolError, match=r"2 frames missing|missing before it"):
        list(frames.take(5, "e"))
    assert list(frames.take(1, "a")) == ["a"]
    assert list(frames.take(2, "b")) == ["b", "c", "d"]


def test_the_number_zero_is_nobodys() -> None:
    assert list(Numbered[str](2).take(0, "x")) == []
