"""Budgets: what is reserved, spent, refused and waited for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.actors.limits import LimitsSpec
from shoal.actors.limits.amounts import ceiling, check_want
from shoal.actors.limits.book import Book
from shoal.errors import ConfigError
from shoal.models.errors import BudgetExceeded
from shoal.models.money import NANO, nano_usd
from shoal.models.permits import Budget, Settlement
from tests.actors.limits.wants import denied, granted, limited, want


def test_what_is_wanted_is_reserved_and_becomes_what_it_took() -> None:
    book = Book(LimitsSpec(run=Budget(tokens=100, usd=1.0, calls=5, steps=3)))
    book.ask("h/1", want(tokens=60, usd=0.25, steps=1), 0.0)
    assert granted(book, 0.0) == ["h/1"]
    run = book.status(0.0).levels["run"]
    assert (run.reserved.tokens, run.reserved.usd, run.left.tokens) == (60, 0.25, 40)
    book.settle("h/1", Settlement(20, 0.1), 1.0)
    run = book.status(1.0).levels["run"]
    assert (run.spent.tokens, run.spent.usd, run.spent.calls, run.spent.steps) == (20, 0.1, 1, 1)
    assert (run.reserved.tokens, run.left.tokens, run.left.usd) == (0, 80, 0.9)


def test_what_could_fit_once_open_calls_are_over_waits_and_what_never_can_is_refused_at_once() -> None:
    book = Book(LimitsSpec(run=Budget(tokens=100)))
    book.ask("h/1", want(tokens=80), 0.0)
    assert granted(book, 0.0) == ["h/1"]
    book.ask("h/2", want(tokens=40), 0.0)
    book.ask("h/3", want(tokens=101), 0.0)
    (refused,) = denied(book, 0.0)
    assert refused.id == "h/3"
    book.settle("h/1", Settlement(10, 0.0), 1.0)
    assert granted(book, 1.0) == ["h/2"]


def test_a_want_that_waits_is_refused_when_open_calls_take_the_room_it_waited_for() -> None:
    book = Book(LimitsSpec(run=Budget(tokens=100)))
    book.ask("h/1", want(tokens=80), 0.0)
    book.ask("h/2", want(tokens=40), 0.0)
    assert granted(book, 0.0) == ["h/1"]
    book.settle("h/1", Settlement(80, 0.0), 1.0)
    (refused,) = denied(book, 1.0)
    assert refused.id == "h/2"
    details = refused.error.details
    assert isinstance(refused.error, BudgetExceeded)
    assert (details["level"], details["what"], details["wanted"], details["left"]) == (
        "run",
        "tokens",
        40,
        20,
    )
    assert "budget of run: the call may take 40 tokens, and of 100 there are 20 left" in refused.error.text


def test_all_levels_must_have_room_and_the_one_that_has_none_is_named() -> None:
    book = Book(
        LimitsSpec(
            run=Budget(calls=10),
            teams={"red": Budget(usd=1.0)},
            agents={"boss": Budget(calls=3)},
            per_agent=Budget(calls=1),
            per_task=Budget(tokens=15),
        )
    )
    levels = ("team/red", "agent/a", "task/t")
    book.ask("h/1", want(*levels), 0.0)
    assert granted(book, 0.0) == ["h/1"]
    book.settle("h/1", Settlement(10, 0.001), 0.0)
    for number, (names, level) in enumerate(
        [(levels, "agent/a"), (("agent/b", "task/t"), "task/t"), (("team/red",), "team/red")], 2
    ):
        usd = 0.9999 if level == "team/red" else 0.001
        book.ask(f"h/{number}", want(*names, usd=usd), 0.0)
        (refused,) = denied(book, 0.0)
        assert refused.error.details["level"] == level
    book.ask("h/9", want("agent/boss"), 0.0)
    assert granted(book, 0.0) == ["h/9"]


def test_of_what_is_declared_for_a_level_the_tightest_counts_until_somebody_sets_it() -> None:
    book = Book(LimitsSpec(agents={"a": Budget(calls=5, tokens=1000)}))
    book.ask("h/1", want(limited("agent/a", calls=2)), 0.0)
    book.ask("h/2", want(limited("agent/a", calls=9)), 0.0)
    book.ask("h/3", want("agent/a"), 0.0)
    assert granted(book, 0.0) == ["h/1", "h/2"]
    assert book.status(0.0).levels["agent/a"].limit == Budget(calls=2, tokens=1000)
    book.set_budget("agent/a", Budget(calls=3), 0.0)
    assert granted(book, 0.0) == ["h/3"]
    assert book.status(0.0).levels["agent/a"].limit == Budget(calls=3, tokens=1000)


def test_who_took_more_than_was_said_to_be_the_most_is_booked_and_seen() -> None:
    book = Book(LimitsSpec(run=Budget(tokens=100)))
    book.ask("h/1", want(tokens=90), 0.0)
    assert granted(book, 0.0) == ["h/1"]
    book.settle("h/1", Settlement(130, 0.0), 0.0)
    run = book.status(0.0).levels["run"]
    assert (run.spent.tokens, run.left.tokens, run.over) == (130, 0, 1)


def test_wall_time_runs_from_the_first_use_and_those_who_wait_are_told_when_it_is_over() -> None:
    book = Book(LimitsSpec(run=Budget(wall_s=10.0), per_agent=Budget(tokens=15)))
    book.ask("h/1", want("agent/a"), 100.0)
    assert granted(book, 100.0) == ["h/1"]
    book.ask("h/2", want("agent/a"), 101.0)
    assert granted(book, 101.0) == []
    assert book.next_at(101.0) == 110.0
    assert [refused.id for refused in denied(book, 110.0)] == ["h/2"]
    book.ask("h/3", want(), 110.0)
    (refused,) = denied(book, 110.0)
    assert refused.error.details["what"] == "wall_s"


def test_a_want_whose_deadline_is_over_is_refused_and_holds_nobody_up() -> None:
    book = Book(LimitsSpec(run=Budget(calls=1)))
    book.ask("h/1", want(), 0.0)
    assert granted(book, 0.0) == ["h/1"]
    book.ask("h/2", want(deadline=5.0), 0.0)
    assert book.next_at(0.0) == 5.0
    (refused,) = denied(book, 5.0)
    assert "before its deadline" in refused.error.text
    assert book.status(5.0).waiting == 0


def test_asked_again_under_the_same_id_it_is_the_same_reservation() -> None:
    book = Book(LimitsSpec(run=Budget(calls=1)))
    book.ask("h/1", want(), 0.0)
    assert granted(book, 0.0) == ["h/1"]
    book.ask("h/1", want(), 1.0)
    assert granted(book, 1.0) == ["h/1"]
    book.settle("h/1", Settlement(1, 0.0), 2.0)
    book.settle("h/1", Settlement(1, 0.0), 2.0)
    run = book.status(2.0).levels["run"]
    assert (run.spent.calls, run.spent.tokens, run.reserved.calls) == (1, 1, 0)


def test_what_a_dead_process_held_is_booked_in_full_until_it_says_after_all_what_it_took() -> None:
    book = Book(LimitsSpec(run=Budget(tokens=100)))
    book.ask("dead/1", want(tokens=50), 0.0)
    book.ask("dead/2", want(tokens=60), 0.0)
    book.ask("alive/1", want(tokens=60), 0.0)
    assert granted(book, 0.0) == ["dead/1"]
    book.holder_gone("dead", 1.0)
    assert [refused.id for refused in denied(book, 1.0)] == ["alive/1"]
    assert book.status(1.0).levels["run"].spent.tokens == 50
    book.settle("dead/1", Settlement(20, 0.0), 2.0)
    run = book.status(2.0).levels["run"]
    assert (run.spent.tokens, run.spent.calls, run.reserved.tokens) == (20, 1, 0)


def test_what_was_taken_back_before_it_was_used_costs_nothing() -> None:
    book = Book(LimitsSpec(run=Budget(calls=1)))
    book.ask("h/1", want(), 0.0)
    book.ask("h/2", want(), 0.0)
    book.ask("h/3", want(), 0.0)
    assert granted(book, 0.0) == ["h/1"]
    book.cancel("h/2", 0.0)
    book.cancel("h/1", 0.0)
    assert granted(book, 0.0) == ["h/3"]
    assert book.status(0.0).levels["run"].spent.calls == 0


@given(st.lists(st.integers(0, 10**7), max_size=50))
def test_sums_of_money_are_exact(micros: list[int]) -> None:
    assert sum(nano_usd(micro / 1e6) for micro in micros) == sum(micros) * 1000


def test_money_is_reserved_rounded_up_and_limits_are_rounded_down() -> None:
    assert nano_usd(1e-10) == 1
    assert nano_usd(0.7) == 7 * NANO // 10
    assert ceiling(Budget(usd=1.0000000009)).nano_usd == NANO


@pytest.mark.parametrize("fields", [{"tokens": -1}, {"usd": float("nan")}, {"usd": -0.5}, {"steps": -1}])
def test_amounts_that_cannot_be_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="must be a number from 0"):
        check_want(want(**fields))
