"""How long an agent may wait for a person: the request's own time, its handler's limit, its asker's patience."""

from __future__ import annotations

import math
from typing import NamedTuple

from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError

DEFAULT_S = 3600.0
"""How long a request can be decided, unless the call says otherwise."""
_ANSWER_S = 10.0
"""How much longer than the request lives its agent waits for the word that it has expired."""
_MARGIN, _MOST_MARGIN_S = 0.05, 2.0
"""So much before its handler's limit an agent gives up by itself, to say why: of the limit, and at most."""
ASKER, HANDLER = "asker", "handler"


class Patience(NamedTuple):
    """How long one wait may last."""

    life_s: float
    """Of the request, from when it is made."""
    until: float
    """Wall-clock second at which the agent gives up."""
    limited_by: str
    """``asker`` or ``handler`` when that is before the request's end; else empty."""
    limit_s: float | None
    """Of the handler."""


def patience_of(ctx: Context, timeout_s: float | None, now: float) -> Patience:
    """What applies here. Raises ``ConfigError`` for a ``timeout_s`` that the handler cannot wait for."""
    limit_s, left_s = _handler_s(ctx)
    if timeout_s is not None:
        _check(ctx, timeout_s, limit_s)
    life_s = DEFAULT_S if timeout_s is None else timeout_s
    ends = [(now + life_s + _ANSWER_S, "")]
    if left_s is not None and left_s < life_s:
        ends.append((now + left_s, HANDLER))
    if ctx.deadline is not None and ctx.deadline < now + life_s:
        ends.append((ctx.deadline, ASKER))
    until, limited_by = min(ends)
    return Patience(life_s, until, limited_by, limit_s)


def _check(ctx: Context, timeout_s: float, limit_s: float | None) -> None:
    if not (timeout_s > 0 and math.isfinite(timeout_s)):
        raise ConfigError(f"timeout_s is {timeout_s}; a person has a positive number of seconds to decide")
    if limit_s is not None and timeout_s > limit_s:
        raise ConfigError(
            f"{ctx.address} cannot wait {timeout_s:g} s for a person: its handlers are cancelled after {limit_s:g} s. "
            f"Set its handler_timeout_s above {timeout_s:g}, or give a shorter timeout_s"
        )


def _handler_s(ctx: Context) -> tuple[float | None, float | None]:
    """The limit of the handler that runs, and what is left of it but for a margin."""
    limit_s, left_s = ctx.handler_limit_s, ctx.handler_left_s
    if limit_s is None or left_s is None:
        return None, None
    return limit_s, left_s - min(_MOST_MARGIN_S, _MARGIN * limit_s)
