"""Custody: why a message that was handled may not be acknowledged yet.

A message is acknowledged when its handler has finished *and* everything it sent is in its receivers' mailboxes.
Mailboxes in the same process die with it, so for those it is: and has been handled there, and so on. One counter
per message that came in from outside covers the whole tree that grew from it in this process.
"""

from __future__ import annotations

from collections.abc import Callable


class Custody:
    """Counts what must end before ``release`` is called: once, when the count reaches zero."""

    __slots__ = ("_open", "_release")

    def __init__(self, release: Callable[[], None]) -> None:
        self._open = 1
        self._release = release

    def hold(self) -> None:
        """One more thing must end."""
        self._open += 1

    def end(self) -> None:
        """One of them ended."""
        self._open -= 1
        if self._open == 0:
            self._release()
