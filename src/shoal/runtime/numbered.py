"""Puts numbered frames in order: whatever order a transport delivers them in. Pure.

An async Ray actor does not keep the order of calls even without failures (Ray 2.60: 478 of 6,000 inverted with
``max_concurrency=1``), and a large frame travels beside the socket. So links number their frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from shoal.runtime.errors import ProtocolError

F = TypeVar("F")


class Numbered(Generic[F]):
    """Gives frames back in the order of their numbers, each once."""

    __slots__ = ("_early", "_most", "last")

    def __init__(self, most: int) -> None:
        self.last = 0
        """Highest number given back."""
        self._early: dict[int, F] = {}
        self._most = most

    def take(self, number: int, frame: F) -> Iterator[F]:
        """Take one frame in; yields it and those that waited for it, or nothing.

        Raises :class:`ProtocolError` when more than ``most`` frames would have to wait.
        """
        if number <= self.last:
            return
        if number > self.last + 1:
            if len(self._early) >= self._most:
                raise ProtocolError(f"frame {number} came with {self._most} frames missing before it")
            self._early[number] = frame
            return
        self.last = number
        yield frame
        while (following := self._early.pop(self.last + 1, None)) is not None:
            self.last += 1
            yield following
