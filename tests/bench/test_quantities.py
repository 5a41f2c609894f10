from __future__ import annotations

import pytest

from shoal.bench.quantities import in_three_digits, quantity, seconds, size
from shoal.bench.rows import Figure


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.01234, "0.0123"),
        (0.25, "0.250"),
        (1.234, "1.23"),
        (9.999, "10.0"),
        (12.34, "12.3"),
        (99.96, "100"),
        (123.4, "123"),
        (2015, "2,015"),
        (172_000.4, "172,000"),
        (float("inf"), "inf"),
    ],
)
def test_numbers_show_three_digits_that_count(value: float, text: str) -> None:
    assert in_three_digits(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (61.0, "61.0 s"),
        (1.0, "1.00 s"),
        (0.00118, "1.18 ms"),
        (345e-6, "345 µs"),
        (2.5e-8, "25.0 ns"),
        (0, "0 ns"),
    ],
)
def test_durations_have_the_unit_that_fits(value: float, text: str) -> None:
    assert seconds(value) == text


def test_a_duration_just_below_a_unit_is_not_shown_as_a_thousand_of_the_smaller() -> None:
    assert seconds(0.0009999) == "1.00 ms"


@pytest.mark.parametrize(
    ("value", "text"),
    [(10 * 1024, "10.0 KiB"), (49 * 2**20, "49.0 MiB"), (512, "512 B"), (3 * 2**30, "3.00 GiB")],
)
def test_sizes_have_the_unit_that_fits(value: float, text: str) -> None:
    assert size(value) == text


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure.RATE, "0.00200 hop/s"),
        (Figure.CPU, "2.00 ms CPU"),
        (Figure.P50, "p50 2.00 ms"),
        (Figure.P99, "p99 2.00 ms"),
        (Figure.WALL, "2.00 ms"),
        (Figure.GROWTH, "0.00200 ×"),
    ],
)
def test_each_figure_says_what_it_is(figure: Figure, text: str) -> None:
    assert quantity(0.002, figure, "hop") == text
    assert quantity(2048, Figure.MEMORY, "agent") == "2.00 KiB each"
