"""Rows of a batch whose values are of other types than were ever written are left out: readers need not look."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.journal.batch_reading import message_of, span_of
from shoal.runtime.journal.entries import MessageEntry, SpanEntry

MESSAGE: list[Any] = [b"m" * 12, None, "t", "a", "b", "str", 1, 1.5, None, "done", None, 1, 1]
SPAN: list[Any] = [b"s" * 8, b"m" * 12, None, "a", "model", "m", 1.5, 0, "ok", {}]
ANYTHING = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=20)
    | st.lists(st.integers(), max_size=2) | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2)
    | st.just(10**400)
)  # fmt: skip


def put(row: list[Any], at: int, value: Any) -> list[Any]:
    return [*row[:at], value, *row[at + 1 :]]


def test_a_row_is_read_as_packed_and_as_json() -> None:
    packed, settled = message_of(MESSAGE), message_of(put(MESSAGE, 0, MESSAGE[0].hex()))
    expected = MessageEntry("6d" * 12, None, "t", "a", "b", "str", 1, 1.5, None, "done", None, "ask", 1)
    assert packed == settled == expected
    as_json = put(put(SPAN, 0, SPAN[0].hex()), 1, SPAN[1].hex())
    expected_span = SpanEntry("73" * 8, "6d" * 12, None, "a", "model", "m", 1.5, 0, "ok", {})
    assert span_of(SPAN) == span_of(as_json) == expected_span


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, 5), (2, 3), (4, None), (6, "1"), (7, None), (7, "x"), (7, float("nan")), (8, []), (12, None),
        pytest.param(7, 10**400, id="huge"),
    ],
)  # fmt: skip
def test_a_message_with_a_value_of_another_type_is_none(at: int, value: Any) -> None:
    assert message_of(put(MESSAGE, at, value)) is None


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, "zz" * 8),
        (0, "00"),
        (0, None),
        (1, None),
        (3, 4),
        (6, None),
        (7, float("inf")),
        (9, "x"),
        (9, None),
    ],
)
def test_a_span_with_a_value_of_another_type_is_none(at: int, value: Any) -> None:
    assert span_of(put(SPAN, at, value)) is None


@pytest.mark.parametrize("row", [None, 5, "x", {}, [], MESSAGE[:-1], [*SPAN, 1], tuple(MESSAGE)])
def test_what_is_no_row_is_none(row: Any) -> None:
    assert message_of(row) is None
    assert span_of(row) is None


@given(st.integers(0, len(MESSAGE) - 1), ANYTHING)
def test_whatever_stands_in_a_message_its_times_can_be_counted_with(at: int, value: Any) -> None:
    found = message_of(put(MESSAGE, at, value))
    if found is not None:
        assert found.at + (found.took_s or 0.0) + (found.queued_s or 0.0) < float("inf")
        texts = (found.id, found.sender, found.recipient, found.tag, found.outcome)
        assert all(isinstance(text, str) for text in texts)


@given(st.integers(0, len(SPAN) - 1), ANYTHING)
def test_whatever_stands_in_a_span_its_id_is_one_of_a_trace(at: int, value: Any) -> None:
    found = span_of(put(SPAN, at, value))
    if found is not None:
        assert len(bytes.fromhex(found.id)) == 8
        assert found.at + found.took_s < float("inf")
        assert isinstance(found.data, dict)
