"""The pauses before restarts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shoal.runtime.supervision import Backoff


def test_pauses_double_up_to_the_most() -> None:
    backoff = Backoff(initial_s=0.5, factor=2, max_s=3, jitter=0)
    assert [backoff.delay_s(n, 0.3) for n in (1, 2, 3, 4, 5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_the_first_restarts_can_be_immediate() -> None:
    backoff = Backoff(initial_s=0.5, jitter=0, immediate=2)
    assert [backoff.delay_s(n, 0.0) for n in (1, 2, 3, 4)] == [0.0, 0.0, 0.5, 1.0]


def test_a_very_long_crash_loop_still_pauses_the_most() -> None:
    assert Backoff(jitter=0, max_s=30).delay_s(1_000_000, 0.5) == 30


@given(n=st.integers(1, 5000), jitter=st.floats(0, 0.99), chance=st.floats(0, 1))
def test_a_pause_is_within_its_jitter(n: int, jitter: float, chance: float) -> None:
    base = Backoff(jitter=0).delay_s(n, 0.5)
    pause = Backoff(jitter=jitter).delay_s(n, chance)
    assert base * (1 - jitter) <= pause * (1 + 1e-9)
    assert pause <= base * (1 + jitter) * (1 + 1e-9)


@pytest.mark.parametrize(
    "fields",
    [
        {"initial_s": 0},
        {"factor": 0.5},
        {"jitter": 1},
        {"max_s": float("inf")},
        {"reset_after_s": 0},
        {"x": 1},
    ],
)
def test_a_backoff_that_cannot_work_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Backoff(**fields)  # type: ignore[arg-type]
