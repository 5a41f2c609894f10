from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.bench.calibration import final_count, next_trial, turn_order
from shoal.bench.sides import Counts


def test_a_trial_grows_by_eight_at_most() -> None:
    assert next_trial(10, took_s=1e-6, aim_s=1.0, counts=Counts()) == 80


def test_a_trial_grows_to_the_aim_and_not_past_it() -> None:
    assert next_trial(100, took_s=0.25, aim_s=1.0, counts=Counts()) == 400


def test_a_trial_that_took_no_measurable_time_still_grows() -> None:
    assert next_trial(1, took_s=0.0, aim_s=1.0, counts=Counts()) == 8


def test_a_trial_of_a_fair_part_of_the_aim_is_the_last() -> None:
    assert next_trial(100, took_s=0.4, aim_s=1.0, counts=Counts()) is None


def test_a_fixed_count_has_one_trial() -> None:
    assert next_trial(20, took_s=0.001, aim_s=1.0, counts=Counts.exactly(20)) is None


def test_the_largest_count_ends_the_trials() -> None:
    counts = Counts(least=1, most=100)
    assert next_trial(50, took_s=0.001, aim_s=1.0, counts=counts) == 100
    assert next_trial(100, took_s=0.001, aim_s=1.0, counts=counts) is None


def test_the_final_count_lasts_as_long_as_was_asked_for() -> None:
    assert final_count(500, took_s=0.5, aim_s=2.0, counts=Counts()) == 2000


def test_the_final_count_is_a_multiple_of_the_step_and_within_the_limits() -> None:
    counts = Counts(least=64, most=640, step=64)
    assert final_count(64, took_s=0.5, aim_s=1.0, counts=counts) == 128
    assert final_count(100, took_s=1.0, aim_s=1.0, counts=counts) == 64
    assert final_count(64, took_s=1e-6, aim_s=1.0, counts=counts) == 640
    assert final_count(64, took_s=100.0, aim_s=1.0, counts=counts) == 64
    assert final_count(64, took_s=0.0, aim_s=1.0, counts=counts) == 64


@given(
    rate=st.floats(min_value=0.1, max_value=1e7),
    aim_s=st.floats(min_value=0.01, max_value=10),
    step=st.integers(min_value=1, max_value=64),
    steps=st.integers(min_value=1, max_value=10_000),
)
def test_calibration_ends_with_an_allowed_count_near_the_aim(
    rate: float, aim_s: float, step: int, steps: int
) -> None:
    counts = Counts(least=step, most=step * steps, step=step)
    trial: int | None = counts.least
    tried: list[int] = []
    while trial is not None:
        assert trial % step == 0
        assert counts.least <= trial <= counts.most
        tried.append(trial)
        assert len(tried) < 50
        trial = next_trial(tried[-1], tried[-1] / rate, aim_s, counts)
    assert tried == sorted(set(tried))
    count = final_count(tried[-1], tried[-1] / rate, aim_s, counts)
    assert count % step == 0
    assert counts.least <= count <= counts.most
    if counts.least < count < counts.most - step:
        assert count / rate <= aim_s * 1.001 < (count + step) / rate * 1.01


@pytest.mark.parametrize(
    "fields", [{"step": 0}, {"least": 0}, {"least": 10, "most": 9}, {"least": 10, "step": 64}]
)
def test_counts_that_allow_nothing_are_refused(fields: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="allows no count"):
        Counts(**fields)


def test_every_other_round_runs_backwards() -> None:
    assert [turn_order(["a", "b"], number) for number in range(4)] == [
        ["a", "b"],
        ["b", "a"],
        ["b", "a"],
        ["a", "b"],
    ]


@given(st.integers(min_value=1, max_value=6), st.integers(min_value=0, max_value=100))
def test_each_round_has_each_side_once(sides: int, number: int) -> None:
    keys = [str(side) for side in range(sides)]
    assert sorted(turn_order(keys, number)) == keys


@given(st.integers(min_value=1, max_value=6))
def test_over_twice_as_many_rounds_as_sides_each_comes_first_equally_often(sides: int) -> None:
    keys = [str(side) for side in range(sides)]
    firsts = [turn_order(keys, number)[0] for number in range(2 * sides)]
    assert sorted(firsts) == sorted(keys * 2)


def test_no_sides_have_no_order() -> None:
    assert turn_order([], 3) == []
