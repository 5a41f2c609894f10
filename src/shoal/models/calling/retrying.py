"""When a failed attempt is worth another, and how long the pause before it is.

Pauses are exponential with full jitter (tenacity's; after Brooker, "Exponential Backoff And Jitter", AWS Architecture
Blog, 2015): random between nothing and ``first_s``, twice that, four times, up to ``most_s``. What the server asks for
in ``Retry-After`` is added below: all who were told the same second would otherwise come back in the same second.
"""

from __future__ import annotations

from random import Random

from tenacity import RetryCallState, Retrying
from tenacity.wait import wait_exponential

from shoal.models.errors import CircuitOpen, ModelError
from shoal.models.spec import Retry

LONGEST_S = 300.0
"""Who is to come back later than that is not kept waiting: the error says when it is worth it."""


def is_worth_it(error: ModelError, *, waits_for_circuit: bool) -> bool:
    """Whether the same call may succeed a little later. ``waits_for_circuit``: an open circuit is waited for; where
    somebody else can be asked, it is not."""
    if error.details.get("limit") == "deadline":
        return False
    return error.retryable and (waits_for_circuit or not isinstance(error, CircuitOpen))


def pause_s(
    retry: Retry, failed: int, after_s: float | None, random: Random, left_s: float | None
) -> float | None:
    """Seconds to wait after the ``failed``-th attempt (1: the first), of which the server asks for ``after_s``.

    ``None``: there is no other attempt, because all were made, the server asks for more than :data:`LONGEST_S`, or the
    pause would pass the deadline, which is in ``left_s``.
    """
    if failed >= retry.attempts or (after_s or 0.0) > LONGEST_S:
        return None
    pause = max(0.0, after_s or 0.0) + random.uniform(0.0, _ceiling_s(retry, failed))
    return None if left_s is not None and pause >= left_s else pause


def _ceiling_s(retry: Retry, failed: int) -> float:
    # tenacity's own `wait_random_exponential` draws from the module `random`, which nobody can give a seed of his own.
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = failed
    return wait_exponential(multiplier=retry.first_s, max=retry.most_s)(state)
