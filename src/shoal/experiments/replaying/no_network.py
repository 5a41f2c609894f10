"""Keeps a replay off the network: connecting anywhere is refused, with an error that says what to do instead.

By an audit hook (PEP 578), which sees every connect of Python code, whatever library makes it. A hook stays for the
life of the process; outside a replay it lets everything pass.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Guard:
    def __init__(self) -> None:
        self.replays = 0
        self.installed = False

    def watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.replays and event == "socket.connect" and isinstance(arguments[1], tuple):
            place = ":".join(map(str, arguments[1][:2]))
            raise ConnectionRefusedError(
                errno.ECONNREFUSED,
                f"the code connects to {place}, and a replay has no network: do it in ctx.once or in a tool, whose "
                "results are recorded",
            )


_guard = _Guard()


@contextmanager
def no_network() -> Iterator[None]:
    """Nothing in this process connects to anything, but for Unix sockets."""
    if not _guard.installed:
        sys.addaudithook(_guard.watch)
        _guard.installed = True
    _guard.replays += 1
    try:
        yield
    finally:
        _guard.replays -= 1
