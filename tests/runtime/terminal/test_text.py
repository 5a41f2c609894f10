"""Data on one line."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.terminal.data import Unreadable
from shoal.runtime.terminal.text import clipped, data_text, printable, value_text
from tests.runtime.terminal.test_data import DATA


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"a": 1, "odd key": [None, True], 3: 1.5}, '{a: 1, "odd key": [null, true], 3: 1.5}'),
        ("two\nlines", '"two\\nlines"'),
        (b"\x00\x01", "0x0001 (2 bytes)"),
        (bytes(30), "0x000000000000000000000000… (30 bytes)"),
        (b"", "no bytes"),
        ([], "[]"),
        (msgpack.ExtType(5, b"ab"), "<extension 5, 2 bytes>"),
        (Unreadable(b"ab", "no msgpack"), "<2 bytes, no msgpack>"),
        (float("inf"), "inf"),
    ],
)
def test_data_is_shown_about_as_json(data: Any, text: str) -> None:
    assert data_text(data, 100) == text


@given(DATA, st.integers(2, 40))
def test_it_is_never_longer_than_wanted_and_never_unprintable(data: Any, most: int) -> None:
    text = data_text(data, most)
    assert len(text) <= most
    assert text.isprintable()


def test_of_a_huge_value_only_what_is_shown_is_written_out() -> None:
    assert data_text(["x" * 10_000_000] * 1000, 20) == '["xxxxxxxxxxxxxxxxx…'


def test_a_model_has_its_class_in_front() -> None:
    assert value_text("app:Plan", msgpack.packb({"n": 1}), 50) == "Plan {n: 1}"


@given(st.text())
def test_no_text_commands_the_terminal(text: str) -> None:
    assert printable(text).isprintable()
    assert clipped(text, 30).isprintable()
    assert len(clipped("a" + text, 30)) <= 30 or not text.isprintable()


def test_control_codes_and_turned_writing_are_spelled_out() -> None:
    assert printable("a\x1b[31m\u202eb\x9b") == "a\\x1b[31m\\u202eb\\x9b"


def test_a_long_error_is_cut_off() -> None:
    assert clipped("no\n" + "x" * 1000, 10) == "no xxxxxx…"
    assert clipped("short", 10) == "short"
