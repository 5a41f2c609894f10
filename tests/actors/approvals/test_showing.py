"""What is shown of a value, and what an edit of it means."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shoal.actors.approvals.showing import json_text, jsonable, redacted, restored
from shoal.runtime.errors import NotAMessage


class Letter(BaseModel):
    to: str
    at: datetime.date


def mask(text: str) -> str:
    for secret in ("sk-123", "token=abc"):
        name = secret.partition("=")[0] + "=" if "=" in secret else ""
        text = text.replace(secret, f"{name}***")
    return text


def test_models_dates_and_bytes_are_shown_as_json() -> None:
    shown = jsonable({"letter": Letter(to="eve", at=datetime.date(2026, 1, 2)), "raw": b"\xff"})
    assert shown == {"letter": {"to": "eve", "at": "2026-01-02"}, "raw": "_w=="}
    assert json.loads(json_text(shown)) == shown


def test_what_json_cannot_hold_is_an_error_that_says_so() -> None:
    with pytest.raises(NotAMessage, match="a value of type object cannot be shown to a person"):
        jsonable(object())


def test_secrets_are_redacted_in_depth_and_by_the_name_of_their_field() -> None:
    data = {"a": ["use sk-123 here", 5, None], "token": "abc", "sk-123": {"x": True}}
    assert redacted(data, mask) == {"a": ["use *** here", 5, None], "token": "***", "***": {"x": True}}


def test_what_was_left_as_it_was_shown_is_still_the_original() -> None:
    original = {"key": "sk-123", "raw": b"\xff", "to": ["eve", "sk-123"], "n": 1}
    shown = redacted(jsonable(original), mask)
    assert restored(shown, shown, original) is original
    edited = {**shown, "to": ["ann", "***", "bob"], "n": 2}
    assert restored(edited, shown, original) == {
        "key": "sk-123", "raw": b"\xff", "to": ["ann", "sk-123", "bob"], "n": 2,
    }  # fmt: skip


def test_a_field_that_is_taken_away_stays_away_and_a_new_one_is_there() -> None:
    assert restored({"b": 2, "c": 3}, {"a": 1, "b": 2}, {"a": 1, "b": 2}) == {"b": 2, "c": 3}


def test_true_is_not_one() -> None:
    assert restored(True, 1, 1) is True


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_without_redaction_an_edit_is_what_was_typed(edited: Any, original: Any) -> None:
    assert restored(edited, original, original) == edited


@given(JSON)
def test_what_is_not_edited_comes_back(original: Any) -> None:
    shown = redacted(original, lambda text: "*" if text else text)
    assert restored(shown, shown, original) == original
