"""Whose turn it is: priorities, tasks in turn, and large wants that small ones do not pass."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shoal.actors.limits import LimitsSpec
from shoal.actors.limits.book import Book
from shoal.models.permits import Budget, Settlement
from shoal.models.spec import Rates
from tests.actors.limits.wants import granted, want

DONE = Settlement(1, 0.0)


def one_at_a_time() -> Book:
    return Book(LimitsSpec(rates={"e": Rates(concurrency=1)}))


def all_in_turn(book: Book) -> list[str]:
    """Let each go when the one before is over."""
    order: list[str] = []
    going = granted(book, 0.0)
    while going:
        order += going
        for one in going:
            book.settle(one, DONE, 0.0)
        going = granted(book, 0.0)
    return order


def test_tasks_take_turns_however_much_one_of_them_wants() -> None:
    book = one_at_a_time()
    for number in range(6):
        book.ask(f"a/{number}", want(task="a"), 0.0)
    for number in range(2):
        book.ask(f"b/{number}", want(task="b"), 0.0)
    assert all_in_turn(book) == ["a/0", "b/0", "a/1", "b/1", "a/2", "a/3", "a/4", "a/5"]


def test_a_higher_priority_goes_first_and_within_it_tasks_take_turns() -> None:
    book = one_at_a_time()
    for number in range(2):
        for task, priority in (("low", 0), ("high-1", 5), ("high-2", 5)):
            book.ask(f"{task}/{number}", want(task=task, priority=priority), 0.0)
    assert all_in_turn(book) == ["high-1/0", "high-2/0", "high-1/1", "high-2/1", "low/0", "low/1"]


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=40))
def test_nobody_waits_for_more_than_one_call_of_each_other_task(tasks: list[str]) -> None:
    book = one_at_a_time()
    for number, task in enumerate(tasks):
        book.ask(f"{task}/{number}", want(task=task), 0.0)
    order = [one[0] for one in all_in_turn(book)]
    assert sorted(order) == sorted(tasks)
    for task in set(tasks):
        places = [place for place, name in enumerate(order) if name == task]
        for before, after in pairwise(places):
            between = order[before + 1 : after]
            assert len(between) == len(set(between))


def test_a_large_want_is_not_passed_by_small_ones_for_the_same_tokens_a_minute() -> None:
    book = Book(LimitsSpec(rates={"e": Rates(tpm=100)}))
    book.ask("h/1", want(tokens=50), 0.0)
    book.ask("h/2", want(tokens=80), 0.0)
    book.ask("h/3", want(tokens=10), 0.0)
    assert granted(book, 0.0) == ["h/1"]
    book.ask("other/1", want(tokens=10, endpoint="f"), 1.0)
    assert granted(book, 1.0) == ["other/1"]
    assert book.next_at(1.0) == 61.0
    assert granted(book, 61.0) == ["h/2", "h/3"]


def test_a_large_want_is_not_passed_by_small_ones_for_the_same_budget_but_others_go_on() -> None:
    book = Book(LimitsSpec(teams={"red": Budget(tokens=100)}))
    book.ask("h/1", want("team/red", tokens=50), 0.0)
    book.ask("h/2", want("team/red", tokens=80), 0.0)
    book.ask("h/3", want("team/red", tokens=10), 0.0)
    book.ask("h/4", want("team/blue", tokens=10), 0.0)
    assert granted(book, 0.0) == ["h/1", "h/4"]
    book.settle("h/1", Settlement(5, 0.0), 0.0)
    assert granted(book, 0.0) == ["h/2", "h/3"]


def test_priority_counts_between_endpoints_too_when_they_share_a_budget() -> None:
    book = Book(LimitsSpec(run=Budget(tokens=10)))
    book.ask("h/0", want(), 0.0)
    assert granted(book, 0.0) == ["h/0"]
    book.ask("h/1", want(endpoint="e"), 0.0)
    book.ask("h/2", want(endpoint="f", priority=1), 0.0)
    assert granted(book, 0.0) == []
    book.cancel("h/0", 0.0)
    assert granted(book, 0.0) == ["h/2"]
