"""Whether a task came to nothing because the run's budget was used up. Pure.

Such a task is left open: with a larger budget a resumed run goes on with it, with its finished model calls.
"""

from __future__ import annotations

from shoal.actors.limits.spec import RUN
from shoal.models.errors import BudgetExceeded
from shoal.runtime.errors import HandlerError, ShoalError

_SAID = f"budget of {RUN}: "
"""How the text of that error begins. A team that got no answer quotes what its members raised."""


def run_is_out_of_budget(error: ShoalError) -> bool:
    """Whether the error is, or a team's error quotes, the budget of the run; not that of a task, agent or team."""
    cause = error.cause if isinstance(error, HandlerError) else error
    if isinstance(cause, BudgetExceeded):
        return cause.details.get("level") == RUN
    return _SAID in error.text


def what_ran_out(error: ShoalError) -> str:
    """Which field of the budget that was, as ``usd``; empty where it is not said."""
    cause = error.cause if isinstance(error, HandlerError) else error
    what = cause.details.get("what") if cause is not None else None
    return str(what).removesuffix("_s") if what else ""
