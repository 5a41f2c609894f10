"""Stopping a run: once and it ends in order, twice and it ends at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator

INTERRUPTED = 130
"""Exit status of a command that was stopped."""
_SAME_S = 0.5
"""What comes so soon after the first is the same: wrappers pass on a signal that the process got itself."""
_SHOW_CURSOR = "\x1b[?25h"


class Stop:
    """Whether runs are to end, and why: of all that one command does, in whichever event loops."""

    def __init__(self) -> None:
        self.why = ""
        self.asked = False
        """Whether they are."""
        self._waiting: set[asyncio.Event] = set()
        self._asked_at = 0.0
        self._install: Callable[[], None] | None = None

    def ask(self, why: str) -> None:
        """End the run in order: what is under way is cancelled and stays open."""
        self.why = self.why or why
        self.asked = True
        for one in self._waiting:
            one.set()

    async def wait(self) -> None:
        """Until somebody asks."""
        if self.asked:
            return
        told = asyncio.Event()
        self._waiting.add(told)
        try:
            await told.wait()
        finally:
            self._waiting.discard(told)

    def again(self) -> None:
        """Take the signals once more: Ray has handlers of its own, which it sets when it is started."""
        if self._install is not None:
            self._install()

    @contextlib.contextmanager
    def on_signals(self, told: Callable[[], None]) -> Iterator[None]:
        """In this block Ctrl-C and SIGTERM ask; ``told`` is called at the first. At the second the process ends."""
        loop = asyncio.get_running_loop()

        def signalled(number: int) -> None:
            if self.asked and loop.time() - self._asked_at < _SAME_S:
                return
            if self.asked:
                _end_now()
            self._asked_at = loop.time()
            self.ask(signal.Signals(number).name)
            told()

        def install() -> None:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, signalled, number)

        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        self._install = install
        install()
        try:
            yield
        except asyncio.CancelledError:
            # Code of the user's raised KeyboardInterrupt, which ends the loop under everybody: what asyncio would tell
            # of each task that nobody waits for any more is no news.
            loop.set_exception_handler(lambda _loop, _context: None)
            raise
        finally:
            self._install = None
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def _end_now() -> None:
    """Without another word: whoever asks twice does not want to wait. The ledger has all that ended."""
    if sys.stdout.isatty():
        sys.stdout.write(_SHOW_CURSOR)
        sys.stdout.flush()
    os._exit(INTERRUPTED)
