"""Field by field: what differs between two pieces of data."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given

from shoal.blackboard.replay.changes import ABSENT, Change, changes, same
from tests.runtime.terminal.test_data import DATA


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1, "b": 2}, {"b": 3, "c": 4}, [("a", 1, ABSENT), ("b", 2, 3), ("c", ABSENT, 4)]),
        ({"a": {"b": [{"c": 1}]}}, {"a": {"b": [{"c": 2}]}}, [("a.b[0].c", 1, 2)]),
        ([1, 2, 3], [1, 3], [("[1]", 2, ABSENT)]),
        ([1, 3], [1, 2, 3], [("[1]", ABSENT, 2)]),
        (["a", "b", "c"], ["a", "x", "y", "c"], [("[1]", "b", "x"), ("[2]", ABSENT, "y")]),
        ([1, 1], [1, 1, 1], [("[2]", ABSENT, 1)]),
        ({"odd key": 1, 3: 1}, {"odd key": 2, 3: 2}, [('["odd key"]', 1, 2), ("[3]", 1, 2)]),
        ({"a": {"odd.key": 1}}, {"a": {}}, [('a["odd.key"]', 1, ABSENT)]),
        (1, "1", [("", 1, "1")]),
        ([1], {"a": 1}, [("", [1], {"a": 1})]),
        ({"a": None}, {}, [("a", None, ABSENT)]),
    ],
)
def test_the_innermost_differences_are_named_by_their_path(before: Any, after: Any, found: list[Any]) -> None:
    assert list(changes(before, after)) == [Change(*one) for one in found]


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (1, 1.0), ([1], [1.0]), ({"a": 0}, {"a": False}), (b"a", "a")]
)
def test_values_of_other_types_are_not_the_same(one: Any, other: Any) -> None:
    assert not same(one, other)


def test_not_a_number_is_the_same_as_itself() -> None:
    assert same({"a": [math.nan]}, {"a": [float("nan")]})


@given(DATA, DATA)
def test_there_are_changes_exactly_where_two_differ(before: Any, after: Any) -> None:
    assert not list(changes(before, before))
    assert bool(list(changes(before, after))) != same(before, after)
