from __future__ import annotations

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.errors import ProtocolError
from shoal.runtime.journal import (
    EffectNoted,
    Event,
    Record,
    TaskEnded,
    TaskResubmitted,
    TaskSubmitted,
    messages_handled,
    pack,
    spans_noted,
    unpack,
)

TEXT = st.text(max_size=8)
BYTES = st.binary(max_size=8)
TIME = st.floats(0, 1e10)
DATA = st.dictionaries(TEXT, st.none() | st.integers(0, 9) | TEXT, max_size=3)
MAYBE = st.none() | TEXT
ROWS = st.lists(
    st.tuples(
        BYTES,
        st.none() | BYTES,
        MAYBE,
        TEXT,
        TEXT,
        TEXT,
        st.integers(0, 99),
        TIME,
        st.none() | TIME,
        TEXT,
        st.none() | TIME,
        st.integers(0, 1),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=4,
)
SPANS = st.lists(
    st.tuples(BYTES, BYTES, MAYBE, TEXT, TEXT, TEXT, TIME, TIME, TEXT, DATA), min_size=1, max_size=4
)
RECORDS: st.SearchStrategy[Record] = st.one_of(
    st.builds(TaskSubmitted, TEXT, TEXT, TEXT, BYTES, BYTES, TIME),
    st.builds(TaskResubmitted, TEXT, BYTES, st.booleans(), TIME),
    st.builds(TaskEnded, TEXT, TEXT, TEXT, BYTES, TEXT, TEXT, DATA, TIME),
    st.builds(Event, TIME, TEXT, MAYBE, MAYBE, DATA),
    st.builds(messages_handled, ROWS),
    st.builds(spans_noted, SPANS),
    st.builds(EffectNoted, TEXT, BYTES, TEXT, TEXT, TIME),
)


@given(st.lists(RECORDS, max_size=6))
def test_records_come_back_as_they_were(records: list[Record]) -> None:
    back = unpack(pack(records))
    assert back == records
    assert [type(each) for each in back] == [type(each) for each in records]


@given(st.binary(max_size=60))
def test_any_bytes_are_records_or_a_protocol_error(data: bytes) -> None:
    try:
        records = unpack(data)
    except ProtocolError:
        return
    assert unpack(pack(records)) == records


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        [None],
        [[]],
        [["x"]],
        [[-1]],
        [[99, 1]],
        [[True, "t", 1.0]],
        [[1, "t"]],
        [[1, "t", 1.0, 1]],
        [[1, b"t", 1.0]],
        [[3, 1.0, "kind", "agent", "task", []]],
    ],
)
def test_what_has_the_wrong_shape_is_refused(value: Any) -> None:
    with pytest.raises(ProtocolError):
        unpack(msgpack.packb(value))


def test_messages_that_json_cannot_hold_are_refused_at_the_sender() -> None:
    with pytest.raises(ProtocolError):
        messages_handled([(b"", None, None, "a", "b", object(), 1, 1.0, 0.1, "done", 0.0, 0, 1)])  # type: ignore[list-item]


def test_a_batch_of_messages_is_small_on_its_way() -> None:
    row = (
        b"i" * 12,
        b"c" * 12,
        "task-1",
        "team/a",
        "team/b",
        "app:Ticket",
        200,
        1.7e9,
        0.001,
        "done",
        0.1,
        0,
        1,
    )
    assert len(pack([messages_handled([row] * 100)])) < 150 * 100
