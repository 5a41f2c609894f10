"""Notices an event loop that does not turn: a handler that blocks stops every agent of its process.

A thread looks at the loop's heartbeat; when it is late, the stack of the loop's thread says who is to blame. The
runtime cannot interrupt such a handler (only ending the process can), but it does not let it happen unseen.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback

_log = logging.getLogger("shoal.watchdog")


class LoopWatch:
    """Watches one event loop."""

    def __init__(self, limit_s: float, name: str) -> None:
        self._limit_s = limit_s
        self._name = name
        self._beat_s = min(0.5, limit_s / 4)
        self._last = time.monotonic()
        self._thread_id = 0
        self._end = threading.Event()
        self._reported = False
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin; call on the loop's thread."""
        self._thread_id = threading.get_ident()
        self._beat(loop)
        threading.Thread(target=self._look, name=f"shoal-watchdog-{self._name}", daemon=True).start()

    def stop(self) -> None:
        """End; call on the loop's thread."""
        self._end.set()
        if self._timer is not None:
            self._timer.cancel()

    @property
    def silent_s(self) -> float:
        """Seconds since the loop last turned, beyond what is normal; callable from any thread."""
        return max(0.0, time.monotonic() - self._last - 2 * self._beat_s)

    def stack(self) -> str:
        """What the loop's thread is doing now."""
        frame = sys._current_frames().get(self._thread_id)
        return "".join(traceback.format_stack(frame)) if frame is not None else ""

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._last = time.monotonic()
        self._timer = loop.call_later(self._beat_s, self._beat, loop)

    def _look(self) -> None:
        while not self._end.wait(self._beat_s):
            if self.silent_s <= self._limit_s:
                self._reported = False
            elif not self._reported:
                self._reported = True
                _log.error(
                    "the event loop of %s has been blocked for %.1f s; a handler must not block "
                    "(use asyncio.to_thread). It is in:\n%s", self._name, self.silent_s, self.stack(),
                )  # fmt: skip
