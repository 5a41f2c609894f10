"""Why somebody will never go, besides a budget that is used up. Pure."""

from __future__ import annotations

from shoal.actors.limits.fair_queue import Waiting
from shoal.actors.limits.gate import Gate
from shoal.models.errors import BudgetExceeded, LimitError
from shoal.models.permits import Want


def too_large(gate: Gate, want: Want) -> BudgetExceeded | None:
    """It is larger than its endpoint's rates allow at all; ``None``: it is not."""
    if not gate.too_large(want.tokens):
        return None
    tpm = gate.rates.tpm or 0
    return BudgetExceeded(
        f"rates of {want.endpoint}: the call may take {want.tokens:,} tokens, and {tpm:,} a minute are allowed in all: "
        "raise its tpm, or lower the call's max_output_tokens",
        level=f"rates/{want.endpoint}", what="tpm", wanted=want.tokens, limit=tpm, left=tpm, spent=0, reserved=0,
    )  # fmt: skip


def too_late(waiting: Waiting, now: float) -> LimitError:
    """Its deadline passed while it waited."""
    return LimitError(
        f"no leave for a call to {waiting.endpoint} before its deadline: it waited {now - waiting.since:.1f} s for its "
        "rates, or for open calls to give back what they reserved",
        endpoint=waiting.endpoint,
        waited_s=now - waiting.since,
    )
