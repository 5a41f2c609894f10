"""Elects one process of a node for a job, and another one when it dies: who holds the lock on a file is it.

The lock is POSIX's (``lockf``), not ``flock``: it belongs to the process, so that a child that an agent forks
cannot keep it after the process was killed. Also, elections of one process do not see each other.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

_log = logging.getLogger("shoal.election")


class Election:
    """One process's candidature; it lasts until the process ends."""

    def __init__(self, path: Path, on_elected: Callable[[], None]) -> None:
        """``on_elected`` runs once, in the election's thread, when this process has the lock on ``path``."""
        self._path = path
        self._on_elected = on_elected

    def stand(self) -> None:
        """Begin to wait, in a daemon thread; nothing wakes it until the holder is gone."""
        threading.Thread(target=self._wait, name=f"shoal-election-{self._path.stem}", daemon=True).start()

    def _wait(self) -> None:
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.lockf(file, fcntl.LOCK_EX)
        except OSError as exc:
            _log.warning("no election on %s (%s)", self._path, exc)
            return
        # The file stays open: closing it would give the lock up.
        self._on_elected()
