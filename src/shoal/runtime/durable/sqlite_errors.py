"""What SQLite's and the system's errors mean to us: full, busy, broken, or refused."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from pathlib import Path

from shoal.runtime.durable.errors import StoreBroken, StoreBusy, StoreError, StoreFull

READ_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged file can raise: Python's sqlite3 decodes SQLite's own messages, with damage in them, too."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_PROBE_BYTES = 256 * 1024
_REFUSED = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_TOOBIG}
)


def map_sqlite_error(
    exc: sqlite3.Error | UnicodeDecodeError, path: Path, name: str, remedy: str
) -> StoreError:
    """The error of ours for one of SQLite's, raised while working on ``path``."""
    code = getattr(exc, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    where = {"path": str(path), "sqlite": getattr(exc, "sqlite_errorname", "")}
    if primary == sqlite3.SQLITE_FULL:
        return _full(path, name, str(exc), where)
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(
            f"{name} {path}: another process kept it locked for too long ({exc}). Is one stopped or hanging?",
            **where,
        )
    if primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and _has_no_room(path.parent):
        return _full(path, name, str(exc), where)
    if isinstance(exc, sqlite3.ProgrammingError) or primary in _REFUSED:
        return StoreError(f"{name} {path}: {exc}", **where)
    if primary == sqlite3.SQLITE_CANTOPEN:
        return StoreError(
            f"{name} {path} cannot be opened ({exc}): check that its directory is there and can be written",
            **where,
        )
    # Corrupt, not a database, an I/O error, a table or column that is gone, text that is not UTF-8.
    return StoreBroken(f"{name} {path} is damaged or cannot be read: {exc}. {remedy}", **where)


def describe_os_error(exc: OSError, path: Path, what: str) -> StoreError:
    """The error of ours for a failed file operation; ``what`` completes "cannot ..."."""
    reason = exc.strerror or str(exc)
    if exc.errno in _NO_ROOM:
        return StoreFull(f"cannot {what} {path}: {reason}. Make room and try again", path=str(path))
    if exc.errno == errno.EIO:
        return StoreBroken(f"cannot {what} {path}: {reason}. The disk fails", path=str(path))
    return StoreError(f"cannot {what} {path}: {reason}", path=str(path))


def _full(path: Path, name: str, reason: str, where: dict[str, str]) -> StoreFull:
    return StoreFull(
        f"{name} {path}: no room ({reason}). What was acknowledged is safe; make room and go on", **where
    )


def _has_no_room(directory: Path) -> bool:
    """Whether a quota or a full disk is behind an I/O error: SQLite names only ENOSPC as full."""
    probe = directory / f".room-{os.urandom(6).hex()}"
    try:
        with probe.open("xb") as file:
            file.write(bytes(_PROBE_BYTES))
    except OSError as exc:
        return exc.errno in _NO_ROOM
    finally:
        with contextlib.suppress(OSError):  # of a read-only file system, also of a file that is not there
            probe.unlink()
    return False
