"""The restart intensity, against OTP's rule said in one line."""

from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.supervision.intensity import RestartWindow


def test_as_many_restarts_as_the_intensity_are_allowed_within_the_period() -> None:
    window = RestartWindow(2, 5.0)
    assert [window.add(now) for now in (0.0, 1.0, 2.0)] == [True, True, False]


def test_a_restart_exactly_one_period_old_still_counts_and_an_older_one_does_not() -> None:
    """add_restart: R >= Now - Period"""
    window = RestartWindow(1, 5.0)
    assert window.add(0.0)
    assert not window.add(5.0)
    window = RestartWindow(1, 5.0)
    assert window.add(0.0)
    assert window.add(5.001)


def test_an_intensity_of_zero_allows_no_restart() -> None:
    assert not RestartWindow(0, 5.0).add(0.0)


@given(
    gaps=st.lists(st.integers(0, 8), max_size=60),
    intensity=st.integers(0, 5),
    period=st.integers(1, 10),
)
def test_a_restart_is_too_many_when_more_than_the_intensity_are_no_older_than_the_period(
    gaps: list[int], intensity: int, period: int
) -> None:
    window, now, all_restarts = RestartWindow(intensity, period), 0, []
    for gap in gaps:
        now += gap
        all_restarts.append(now)
        recent = [at for at in all_restarts if at >= now - period]
        assert window.add(now) is (len(recent) <= intensity)
        assert len(window) == len(recent)
