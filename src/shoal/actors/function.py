"""Function agents: one async function, with options when the defaults do not fit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from shoal.actors.agent import check_options
from shoal.runtime.config import Overflow
from shoal.runtime.recipe import FunctionBehavior


def function_agent(
    function: Callable[..., Awaitable[Any]],
    *,
    concurrency: int = 1,
    mailbox: int | None = None,
    overflow: Overflow = Overflow.BLOCK,
    handler_timeout_s: float | None = None,
) -> FunctionBehavior:
    """An agent that handles each message by ``function(message[, ctx])``; the annotation says which it
    accepts.

    A plain async function can be spawned as it is; this adds options. Raises :class:`ConfigError` for a
    function or options that cannot work.
    """
    behavior = FunctionBehavior(
        function,
        concurrency=concurrency,
        mailbox=mailbox,
        overflow=overflow,
        handler_timeout_s=handler_timeout_s,
    )
    check_options(behavior.role, concurrency, mailbox, handler_timeout_s)
    behavior.handler_table()
    return behavior
