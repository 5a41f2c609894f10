"""How long a server wants to be left alone."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.models.openai.retry_after import retry_after_s


@pytest.mark.parametrize("said", ["", "soon", "nan", "inf", "-inf", "Sun, 99 Nov 1994", "1, 2", "١٢ minutes"])
def test_what_cannot_be_read_says_nothing(said: str) -> None:
    assert retry_after_s({"retry-after": said}, 0.0) is None


def test_a_time_that_is_over_is_no_time() -> None:
    assert retry_after_s({"retry-after": "-3"}, 0.0) == 0.0
    assert retry_after_s({"retry-after": formatdate(100, usegmt=True)}, 200.0) == 0.0


def test_a_date_is_counted_by_the_servers_own_clock() -> None:
    headers = {"retry-after": formatdate(1000, usegmt=True), "date": formatdate(990, usegmt=True)}
    assert retry_after_s(headers, 5000.0) == 10.0
    assert retry_after_s({"retry-after": headers["retry-after"]}, 995.0) == 5.0


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date"]), st.text(max_size=40)))
def test_whatever_the_headers_say_is_nothing_or_a_time(headers: dict[str, str]) -> None:
    said = retry_after_s(headers, 1000.0)
    assert said is None or said >= 0.0


@given(st.integers(0, 4_000_000_000), st.integers(0, 100_000))
def test_a_date_that_far_ahead_is_that_many_seconds(now: int, ahead: int) -> None:
    assert retry_after_s({"retry-after": formatdate(now + ahead, usegmt=True)}, float(now)) == ahead
