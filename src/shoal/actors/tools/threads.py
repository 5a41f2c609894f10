"""Calls of functions that block, each in a thread of its own.

Not in the loop's executor: it has few threads, others need them, and a function that never returns would keep one for
good. A thread cannot be stopped. When nobody waits any more its function runs on, and what it returns is thrown away;
it does not keep the process from ending.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any


async def call_in_thread(function: Callable[[], Any], name: str) -> Any:
    """What ``function`` returns or raises, called in a new thread with the caller's context variables."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()
    inside = contextvars.copy_context()

    def settle(result: Any, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(result)
        elif isinstance(error, StopIteration | SystemExit | KeyboardInterrupt):
            # A future takes no StopIteration, and the other two would end the loop and all agents in it.
            done.set_exception(RuntimeError(f"it raised {type(error).__name__}: {error}"))
        else:
            done.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = inside.run(function)
        except BaseException as raised:
            error = raised
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:
            return  # the loop was closed meanwhile: nobody is there to be told

    threading.Thread(target=run, name=f"tool {name}", daemon=True).start()
    return await done
