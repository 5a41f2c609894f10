"""Running an agent's hooks: under its context, in bounded time, whatever they raise."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from shoal.runtime.context import Context
from shoal.runtime.ref import current_sender

if TYPE_CHECKING:
    from shoal.runtime.cell import Cell


async def run_hook(cell: Cell, hook: Any, *arguments: Any, limit_s: float | None = None) -> None:
    """Run a hook under the agent's context, within the handler limit and ``limit_s``.

    Raises what it raises; or ``TimeoutError``, and the hook is cancelled and left behind.
    """
    ctx = Context(cell, None)
    limits = [limit for limit in (limit_s, cell.handler_timeout_s) if limit is not None]

    async def run() -> BaseException | None:
        current_sender.set(ctx)
        try:
            await hook(ctx, *arguments)
        except SystemExit as exc:  # out of a task of its own it would end the event loop
            return exc
        return None

    running = asyncio.ensure_future(run())
    try:
        # Not wait_for: it would wait for a hook that heeds no cancellation.
        done, _ = await asyncio.wait({running}, timeout=min(limits, default=None))
    except asyncio.CancelledError:
        running.cancel()
        raise
    if not done:
        running.cancel()
        raise TimeoutError
    if (ending := running.result()) is not None:
        raise ending
