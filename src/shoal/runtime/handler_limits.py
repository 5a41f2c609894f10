"""Handlers past their limit are cancelled; one that cannot be shows that only ending its process can help."""

from __future__ import annotations

import asyncio
import time

from shoal.runtime.errors import HandlerTimeout
from shoal.runtime.on_loop import OnLoop
from shoal.runtime.worker import Worker

_TICK_S = 1.0


class HandlerLimits(OnLoop):
    """Looks at the handlers of one process. ``stop_grace_s``: how long a cancelled one may take to end."""

    def __init__(self, stop_grace_s: float) -> None:
        self.active: set[Worker] = set()
        """The workers that run."""
        self._stop_grace_s = stop_grace_s
        self._ticker: asyncio.TimerHandle | None = None
        self._tick_s = _TICK_S

    def watch(self, limit_s: float | None) -> None:
        """See that handlers are looked at often enough for this limit."""
        if limit_s is None:
            return
        self._tick_s = min(self._tick_s, max(0.02, limit_s / 4))
        if self._ticker is None or self._ticker.when() - self.loop.time() > self._tick_s:
            if self._ticker is not None:
                self._ticker.cancel()
            self._ticker = self.loop.call_later(self._tick_s, self._tick)

    def close(self) -> None:
        """Look no more."""
        if self._ticker is not None:
            self._ticker.cancel()

    def hung(self, silent_s: float) -> str:
        """Why only ending the process can help; empty when it need not. Callable from any thread.

        ``silent_s``: how long the event loop has not turned.
        """
        now = time.monotonic()
        for worker in list(self.active):
            limit_s = worker.cell.handler_timeout_s
            if limit_s is None or worker.delivery is None:
                continue
            late_s = now - worker.started - limit_s
            blocks = silent_s > limit_s
            if blocks or (worker.stop_with is not None and late_s > self._stop_grace_s + 1.0):
                how = "blocks the event loop" if blocks else "goes on in spite of its cancellation"
                return f"a handler of {worker.cell.address} {how}, past its limit of {limit_s:g} s"
        return ""

    def _tick(self) -> None:
        now = time.monotonic()
        for worker in list(self.active):
            limit_s = worker.cell.handler_timeout_s
            if worker.delivery is not None and limit_s is not None and now - worker.started > limit_s:
                address = worker.cell.address
                error = HandlerTimeout(
                    f"the handler of {address} ran longer than its limit of {limit_s:g} s and was cancelled",
                    type="HandlerTimeout",
                    agent=address,
                )
                worker.cancel(error)
        self._ticker = self.loop.call_later(self._tick_s, self._tick)
