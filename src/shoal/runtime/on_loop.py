"""What lives on one event loop and needs it for every message remembers it here.

``asyncio.get_running_loop()`` asks the kernel for the process id each time (until Python 3.12): an eighth of the time
of an agent that asks a lot went there.
"""

from __future__ import annotations

import asyncio


class OnLoop:
    """Base of objects whose methods are all called on the same event loop."""

    _known_loop: asyncio.AbstractEventLoop | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """That loop: the one that ran when it was first asked for."""
        loop = self._known_loop
        if loop is None:
            loop = self._known_loop = asyncio.get_running_loop()
        return loop
