from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.bench.spread import Spread, percentile, ratios_by_round, spread_of

positive = st.floats(min_value=1e-6, max_value=1e9)


def test_a_spread_has_the_middle_round_and_both_ends() -> None:
    assert spread_of([3.0, 1.0, 2.0]) == Spread(median=2.0, low=1.0, high=3.0, rounds=3)


def test_noise_is_half_of_the_span_over_the_median() -> None:
    assert spread_of([90.0, 100.0, 120.0]).noise == pytest.approx(0.15)
    assert spread_of([0.0, 0.0]).noise == 0.0


def test_no_rounds_make_no_spread() -> None:
    with pytest.raises(ValueError, match="at least one round"):
        spread_of([])


@given(st.lists(positive, min_size=1))
def test_the_median_lies_between_the_ends(values: list[float]) -> None:
    spread = spread_of(values)
    assert spread.low <= spread.median <= spread.high
    assert spread.rounds == len(values)


def test_a_percentile_is_one_of_the_values_by_nearest_rank() -> None:
    values = [float(value) for value in range(1, 101)]
    assert percentile(values, 50) == 50.0
    assert percentile(values, 99) == 99.0
    assert percentile(values, 100) == 100.0
    assert percentile(values, 0) == 1.0
    assert percentile([7.0], 99) == 7.0


@given(st.lists(positive, min_size=1), st.floats(min_value=0, max_value=100))
def test_enough_values_do_not_exceed_a_percentile(values: list[float], percent: float) -> None:
    found = percentile(values, percent)
    assert found in values
    # 1e-9: 100 * percent / 100 is not always percent in floating point
    assert sum(value <= found for value in values) >= math.floor(len(values) * percent / 100 + 1e-9)


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_percentile_outside_of_0_to_100_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        percentile([1.0], percent)


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        percentile([], 50)


def test_ratios_are_taken_in_each_round_that_both_finished() -> None:
    assert ratios_by_round({0: 10.0, 1: 30.0, 2: 50.0}, {1: 3.0, 0: 2.0, 3: 9.0}) == [5.0, 10.0]


def test_a_round_in_which_theirs_is_zero_has_no_ratio() -> None:
    assert ratios_by_round({0: 1.0, 1: 1.0}, {0: 0.0, 1: 2.0}) == [0.5]


@given(st.lists(st.tuples(positive, st.floats(min_value=0.1, max_value=10)), min_size=1))
def test_what_slows_a_whole_round_down_does_not_change_its_ratio(rounds: list[tuple[float, float]]) -> None:
    ours = {number: 20.0 * rate / slower for number, (rate, slower) in enumerate(rounds)}
    theirs = {number: rate / slower for number, (rate, slower) in enumerate(rounds)}
    assert ratios_by_round(ours, theirs) == pytest.approx([20.0] * len(rounds))
