"""Values as data, and as JSON."""

from __future__ import annotations

import json
import math
from base64 import b64decode
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.blackboard.replay.changes import same
from shoal.runtime.terminal.data import DEEPEST, Unreadable, as_json, data_of, type_name

SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats()
    | st.text(max_size=5) | st.binary(max_size=5)
)  # fmt: skip
KEYS = (
    st.text(max_size=3)
    | st.sampled_from(["$bytes", "$map", "$x"])
    | st.integers(0, 9)
    | st.binary(max_size=2)
)
EXTENSIONS = st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=3))
DATA = st.recursive(
    SCALARS | EXTENSIONS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def from_json(written: Any) -> Any:
    """What ``as_json`` was given: how a reader of the export gets it back."""
    if isinstance(written, list):
        return [from_json(one) for one in written]
    if not isinstance(written, dict):
        return written
    match list(written.items()):
        case [("$bytes", text)]:
            return b64decode(text)
        case [("$float", text)]:
            return float(text)
        case [("$ext", [code, text])]:
            return msgpack.ExtType(code, b64decode(text))
        case [("$map", pairs)]:
            return {from_json(key): from_json(one) for key, one in pairs}
    return {key: from_json(one) for key, one in written.items()}


@given(DATA)
def test_nothing_is_lost_in_json(data: Any) -> None:
    found = data_of(msgpack.packb(data))
    assert same(found, data)
    assert same(from_json(json.loads(json.dumps(as_json(found), allow_nan=False))), data)


def test_plain_data_is_plain_json() -> None:
    data = {"a": [1, 1.0, True, None, "ü"], "$a": 1, "b": {}}
    assert as_json(data) == data


def test_what_json_has_no_form_for_says_what_it_is() -> None:
    assert as_json({"b": b"\x00\x01\xff", "n": math.nan}) == {"b": {"$bytes": "AAH/"}, "n": {"$float": "nan"}}
    assert as_json({3: "c"}) == {"$map": [[3, "c"]]}
    assert as_json(msgpack.Timestamp(1, 0)) == {"$ext": [-1, "AAAAAQ=="]}


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\x01\x02", b"\xa2\xff\xff", b"\x81\x90\x01"])
def test_what_is_no_msgpack_is_kept_as_it_is(payload: bytes) -> None:
    found = data_of(payload)
    assert found == Unreadable(payload, "no msgpack")
    assert b64decode(as_json(found)["$msgpack"]) == payload


@pytest.mark.parametrize("around", [lambda data: [data], lambda data: {"k": data}])
def test_what_is_nested_too_deep_is_kept_as_it_is(around: Any) -> None:
    data: Any = "x"
    for _ in range(DEEPEST):
        data = around(data)
    assert data_of(msgpack.packb(data)) == data
    assert isinstance(data_of(msgpack.packb(around(data))), Unreadable)


def test_a_model_is_called_by_its_class_and_a_native_value_by_nothing() -> None:
    named = {"app.models:Outer.Plan": "Outer.Plan", "__main__:Plan": "Plan", "plan/1": "plan/1", "dict": ""}
    assert {tag: type_name(tag) for tag in named} == named
