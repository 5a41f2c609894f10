"""How long another system actor is waited for: as long after years as at once, and no longer where a name stays."""

from __future__ import annotations

from shoal.runtime.ray.patience import Patience

LIMIT_S = 20.0


def test_where_there_never_is_one_the_wait_ends() -> None:
    patience = Patience(LIMIT_S, 100.0)
    assert not patience.over(120.0)
    assert patience.over(120.1)


def test_one_that_dies_after_hours_is_waited_for_from_then_on() -> None:
    patience = Patience(LIMIT_S, 0.0)
    patience.seen("first", 1.0)
    patience.lost("first", 7200.0)
    assert not patience.over(7220.0)
    assert patience.over(7220.1)


def test_each_that_comes_is_waited_for_anew() -> None:
    patience = Patience(LIMIT_S, 0.0)
    for number in range(5):
        patience.seen(number, 100.0 * number)
        patience.lost(number, 100.0 * number + 50.0)
    assert not patience.over(470.0)
    patience.seen(5, 460.0)
    assert not patience.over(480.0)
    assert patience.over(480.1)


def test_a_dead_one_whose_name_stays_is_not_waited_for_for_ever() -> None:
    patience = Patience(LIMIT_S, 0.0)
    for now in range(30):
        patience.seen("dead", float(now))
        patience.lost("dead", now + 0.5)
    assert patience.over(30.0)


def test_one_that_refused_at_first_and_then_lived_for_hours_is_waited_for_all_the_same() -> None:
    patience = Patience(LIMIT_S, 0.0)
    patience.seen("starting", 1.0)
    patience.lost("starting", 1.1)
    patience.seen("starting", 1.2)
    patience.lost("starting", 7200.0)
    assert not patience.over(7220.0)
    assert patience.over(7220.1)
