"""One process runs a run at a time: an exclusive ``flock`` on ``run.lock``, which names its holder.

The system lets go of it when the process ends, however it ends. ``flock`` and not ``fcntl`` record locks: those are
dropped as soon as anything in the process closes the file, and do not keep two systems of one process apart.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from pathlib import Path
from typing import NamedTuple

from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.journal.errors import RunInUse

FILE_NAME = "run.lock"
_TRIES = 5
_BETWEEN_S = 0.02
_TAKEN = frozenset({errno.EACCES, errno.EAGAIN})


class Holder(NamedTuple):
    """Who runs a run; ``pid`` is 0 when the lock's file does not say."""

    pid: int
    host: str


class RunLock:
    """The lock of a run directory, held until :meth:`release` or the end of the process."""

    def __init__(self, directory: Path) -> None:
        """Take it. Raises :class:`RunInUse` naming the holder, :class:`StoreError` when the file cannot be made."""
        path = directory / FILE_NAME
        try:
            self._descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise describe_os_error(exc, path, "open") from exc
        try:
            if not self._take():
                raise _in_use(directory, _read(path))
            self._sign()
        except BaseException as exc:
            os.close(self._descriptor)
            if isinstance(exc, OSError):
                raise describe_os_error(exc, path, "lock") from exc
            raise

    def release(self) -> None:
        """Let go of it. Releasing twice is fine."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _take(self) -> bool:
        # Whoever only looks holds it shared for microseconds: not a reason to give up.
        for attempt in range(_TRIES):
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as exc:
                if exc.errno not in _TAKEN:
                    raise
            else:
                return True
            if attempt + 1 < _TRIES:
                time.sleep(_BETWEEN_S)
        return False

    def _sign(self) -> None:
        signature = json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, signature, 0)


def holder_of(directory: Path) -> Holder | None:
    """Who runs the run now; ``None`` when nobody does. Changes nothing."""
    path = directory / FILE_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as exc:
        return _read(path) if exc.errno in _TAKEN else None
    finally:
        os.close(descriptor)
    return None


def _read(path: Path) -> Holder:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Holder(int(found["pid"]), str(found["host"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Holder(0, "")


def _in_use(directory: Path, holder: Holder) -> RunInUse:
    who = f"process {holder.pid} on {holder.host}" if holder.pid else "another process"
    return RunInUse(
        f"run {directory.name!r} is being run by {who}: wait for it, or end that process first",
        run=directory.name,
        pid=holder.pid,
        host=holder.host,
    )
