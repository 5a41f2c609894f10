"""A pause before a restart: exponential, capped, with jitter. Pure: chance is an argument.

Beyond OTP, which restarts at once. The shape (a minimum, a maximum, a random factor, forgetting after a quiet time)
is the usual one of actor systems; jitter keeps children that failed together from coming back together.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Backoff(BaseModel):
    """How long the n-th restart in a row waits, in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    initial_s: float = Field(default=0.1, gt=0)
    """The first pause."""
    factor: float = Field(default=2.0, ge=1)
    """What each further pause is multiplied by."""
    max_s: float = Field(default=30.0, gt=0)
    """No pause is longer, before jitter."""
    jitter: float = Field(default=0.2, ge=0, lt=1)
    """The pause is multiplied by a random number between ``1 - jitter`` and ``1 + jitter``."""
    immediate: int = Field(default=0, ge=0)
    """So many restarts in a row happen at once, before the first pause."""
    reset_after_s: float = Field(default=60.0, gt=0)
    """A child that ran this long has failed for the first time again."""

    def delay_s(self, restarts: int, chance: float) -> float:
        """The pause before restart number ``restarts`` (from 1) in a row; ``chance`` is in [0, 1]."""
        step = restarts - self.immediate
        if step <= 0:
            return 0.0
        return self._base_s(step) * (1 - self.jitter + 2 * self.jitter * chance)

    def _base_s(self, step: int) -> float:
        try:
            return min(self.initial_s * self.factor ** (step - 1), self.max_s)
        except OverflowError:  # a crash loop that outlasted what a float holds
            return self.max_s
