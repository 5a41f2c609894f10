from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shoal.models.calling.retrying import LONGEST_S, is_worth_it, pause_s
from shoal.models.errors import (
    BudgetExceeded,
    CircuitOpen,
    ContextTooLong,
    LimiterUnavailable,
    ModelError,
    ModelMalformed,
    ModelRefused,
    ModelRejected,
    ModelTimeout,
    ModelUnavailable,
    RateLimited,
)
from shoal.models.spec import Retry

SECONDS = st.floats(min_value=0.001, max_value=1000, allow_nan=False)
RETRIES = st.builds(Retry, attempts=st.integers(1, 100), first_s=SECONDS, most_s=SECONDS)


@given(RETRIES, st.integers(1, 200), st.none() | SECONDS, st.integers(), st.none() | SECONDS)
def test_a_pause_is_random_within_its_ceiling_above_what_the_server_asks_for_and_before_the_deadline(
    retry: Retry, failed: int, after_s: float | None, seed: int, left_s: float | None
) -> None:
    pause = pause_s(retry, failed, after_s, Random(seed), left_s)
    unbounded = pause_s(retry, failed, after_s, Random(seed), None)
    asked = after_s or 0.0
    if failed >= retry.attempts or asked > LONGEST_S:
        assert pause is unbounded is None
        return
    assert unbounded is not None
    assert asked <= unbounded <= asked + min(retry.most_s, retry.first_s * 2.0 ** (failed - 1)) + 1e-9
    assert pause == (unbounded if left_s is None or unbounded < left_s else None)


def test_jitter_is_full_so_that_those_who_failed_together_do_not_come_back_together() -> None:
    pauses = {pause_s(Retry(), 1, None, Random(seed), None) for seed in range(100)}
    assert len(pauses) == 100
    assert min(p for p in pauses if p is not None) < 0.05


def test_what_is_worth_another_attempt() -> None:
    def worth(error: ModelError) -> bool:
        return is_worth_it(error, waits_for_circuit=False)

    assert all(map(worth, (ModelUnavailable(), ModelTimeout(), RateLimited(), ModelMalformed())))
    assert worth(LimiterUnavailable())
    never = (ContextTooLong(), ModelRejected(), ModelRefused(), BudgetExceeded(), CircuitOpen())
    assert not any(map(worth, never))
    assert not worth(ModelTimeout(limit="deadline"))
    assert is_worth_it(CircuitOpen(), waits_for_circuit=True)
