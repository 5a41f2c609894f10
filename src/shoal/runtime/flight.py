"""What each host is handling right now, where it can be read after the host was killed.

A file mapped into memory, one slot a handler under way, the message's id in it: 0.1 µs a message. When a process
dies, whoever starts it again reads which messages it died in; one that killed its agent several times is quarantined.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from pathlib import Path

from shoal.runtime.envelope import ID_BYTES

SLOTS = 64
"""Handlers noted at once; those beyond are not (a message is then never suspected, and never quarantined)."""


class FlightRecorder:
    """One host's file."""

    def __init__(self, path: Path) -> None:
        """Make the file. Raises ``OSError``."""
        self._path = path
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, SLOTS * ID_BYTES)
            self.memory = mmap.mmap(descriptor, SLOTS * ID_BYTES)
        finally:
            os.close(descriptor)
        self._free = list(range(0, SLOTS * ID_BYTES, ID_BYTES))[::-1]

    def take(self) -> int:
        """A slot's offset in ``memory``; -1 when all are in use."""
        return self._free.pop() if self._free else -1

    def give(self, offset: int) -> None:
        """The handler has ended."""
        if offset >= 0:
            self.memory[offset : offset + ID_BYTES] = bytes(ID_BYTES)
            self._free.append(offset)

    def remove(self) -> None:
        """The host ends in order: nothing is suspected."""
        with contextlib.suppress(OSError):
            self._path.unlink()


def flight_path(directory: Path, incarnation: bytes) -> Path:
    """The file of a host's incarnation."""
    return directory / f"{incarnation.hex()}.now"


def read_flight(path: Path) -> list[bytes]:
    """The messages a dead host was handling; removes the file. Empty when there is none."""
    try:
        content = path.read_bytes()
        path.unlink()
    except OSError:
        return []
    found = [content[at : at + ID_BYTES] for at in range(0, len(content), ID_BYTES)]
    return [message_id for message_id in found if any(message_id)]
