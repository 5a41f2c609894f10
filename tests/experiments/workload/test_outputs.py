from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shoal.experiments.workload.outputs import output_of
from shoal.runtime.codec import encode
from shoal.runtime.errors import InvalidMessage


class Answer(BaseModel):
    at: datetime
    raw: bytes
    by: dict[int, str]


def test_a_recorded_model_is_an_object_without_its_class() -> None:
    answer = Answer(at=datetime(2026, 1, 2, tzinfo=UTC), raw=b"\xff", by={1: "a"})
    _, payload = encode(answer)
    assert output_of("gone:Class", payload) == {"at": "2026-01-02T00:00:00Z", "raw": "_w==", "by": {"1": "a"}}


def test_numbers_that_json_has_not_are_told_by_name() -> None:
    assert output_of(*encode([float("nan"), float("inf"), -float("inf")])) == ["NaN", "Infinity", "-Infinity"]


def test_a_task_without_an_answer_has_none() -> None:
    assert output_of("", b"") is None
    assert output_of(*encode(None)) is None


NATIVE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.integers(0, 9) | st.text("ab"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(NATIVE)
def test_every_message_has_an_output_that_json_can_write(value: Any) -> None:
    found = output_of(*encode(value))
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@given(st.binary(max_size=40))
def test_no_bytes_raise_anything_but_an_invalid_message(payload: bytes) -> None:
    with contextlib.suppress(InvalidMessage):
        json.dumps(output_of("dict", payload), allow_nan=False)


def test_a_payload_that_was_cut_off_is_told() -> None:
    with pytest.raises(InvalidMessage, match="message dict: payload is damaged"):
        output_of("dict", encode({"a": 1})[1][:-1])
