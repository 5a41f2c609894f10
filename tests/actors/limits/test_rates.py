"""Rates of an endpoint: requests and tokens a minute, calls at one time, and what a 429 does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shoal.actors.limits import LimitsSpec
from shoal.actors.limits.book import Book
from shoal.actors.limits.window import Window
from shoal.models.permits import Settlement
from shoal.models.spec import Rates
from tests.actors.limits.wants import denied, granted, want

WELL = Settlement(5, 0.0)
LIMITED = Settlement(0, 0.0, rate_limited=True)


@given(
    st.lists(st.tuples(st.floats(0, 30), st.integers(0, 40)), max_size=60),
    st.integers(1, 5),
    st.integers(40, 90),
)
def test_in_any_minute_there_is_never_more_than_the_rate(
    calls: list[tuple[float, int]], rpm: int, tpm: int
) -> None:
    window, now, went = Window(), 1000.0, []
    for pause_s, tokens in calls:
        now += pause_s
        window.forget(now)
        if window.has_room(tokens, rpm, tpm):
            window.add(tokens, now)
            went.append((now, tokens))
    for start, _ in went:
        minute = [tokens for at, tokens in went if start <= at < start + 60]
        assert len(minute) <= rpm
        assert sum(minute) <= tpm
    assert len(window.slots) <= 62


def test_a_full_minute_comes_back_after_a_minute() -> None:
    book = Book(LimitsSpec(rates={"e": Rates(rpm=2)}))
    for number in range(3):
        book.ask(f"h/{number}", want(), 10.5)
    assert granted(book, 10.5) == ["h/0", "h/1"]
    assert book.next_at(10.5) == 71.0
    assert granted(book, 70.9) == []
    assert granted(book, 71.0) == ["h/2"]


def test_rates_are_found_by_endpoint_and_then_by_model_and_the_lower_of_what_is_declared_counts() -> None:
    book = Book(LimitsSpec(rates={"m": Rates(rpm=9, concurrency=4), "special": Rates(rpm=3)}))
    book.ask("h/1", want(endpoint="plain"), 0.0)
    book.ask("h/2", want(endpoint="special"), 0.0)
    book.declare_rates("plain", Rates(rpm=20, concurrency=2))
    endpoints = book.status(0.0).endpoints
    assert endpoints["plain"].rates == Rates(rpm=9, concurrency=2)
    assert endpoints["special"].rates == Rates(rpm=3)
    book.declare_rates("early", Rates(rpm=5))
    book.ask("h/3", want(endpoint="early"), 0.0)
    assert book.status(0.0).endpoints["early"].rates == Rates(rpm=5, concurrency=4)


def test_a_call_with_more_tokens_than_a_minute_has_is_refused_at_once() -> None:
    book = Book(LimitsSpec(rates={"e": Rates(tpm=100)}))
    book.ask("h/1", want(tokens=101), 0.0)
    (refused,) = denied(book, 0.0)
    assert (refused.error.details["what"], refused.error.details["limit"]) == ("tpm", 100)


def running(count: int, rates: Rates | None = None) -> Book:
    book = Book(LimitsSpec(rates={"e": rates or Rates()}))
    for number in range(count):
        book.ask(f"h/{number}", want(), 0.0)
    assert len(granted(book, 0.0)) == count
    return book


def test_after_a_429_nobody_goes_before_retry_after_and_then_half_as_many_at_one_time() -> None:
    book = running(8)
    book.settle("h/0", Settlement(0, 0.0, rate_limited=True, retry_after_s=7.0), 1.0)
    for number in range(1, 8):
        book.settle(f"h/{number}", LIMITED, 1.5)  # of the same moment: they halve nothing more
    for number in range(10, 20):
        book.ask(f"h/{number}", want(), 2.0)
    assert granted(book, 2.0) == []
    assert book.next_at(2.0) == 8.0
    assert granted(book, 8.0) == ["h/10", "h/11", "h/12", "h/13"]
    status = book.status(8.0).endpoints["e"]
    assert (status.most, status.rate_limited, status.waiting) == (4, 8, 6)


def test_calls_that_go_well_let_in_more_until_what_was_declared_is_reached() -> None:
    book = running(4, Rates(concurrency=4))
    book.settle("h/0", LIMITED, 1.0)
    assert book.status(1.0).endpoints["e"].most == 2
    for number in range(1, 4):
        book.settle(f"h/{number}", WELL, 2.0)
    assert book.status(2.0).endpoints["e"].most == 3
    for number in range(10, 16):
        book.ask(f"h/{number}", want(), 3.0)
        assert granted(book, 3.0) == [f"h/{number}"]
        book.settle(f"h/{number}", WELL, 3.0)
    assert book.status(3.0).endpoints["e"].most == 4


def test_without_retry_after_the_pause_doubles_with_each_429_that_follows() -> None:
    book = Book(LimitsSpec())
    now, pauses = 0.0, []
    for number in range(8):
        book.ask(f"h/{number}", want(), now)
        assert granted(book, now) == [f"h/{number}"]
        book.settle(f"h/{number}", LIMITED, now)
        paused_s = book.status(now).endpoints["e"].paused_s
        pauses.append(paused_s)
        now += paused_s
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_a_429_slows_down_its_endpoint_and_no_other() -> None:
    book = running(1)
    book.settle("h/0", LIMITED, 1.0)
    book.ask("h/1", want(), 1.0)
    book.ask("h/2", want(endpoint="f"), 1.0)
    assert granted(book, 1.0) == ["h/2"]
