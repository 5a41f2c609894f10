"""A SQLite file of ours: made whole or not at all, checked when opened, its errors mapped to ours.

A file is built under another name and linked into place, so that a file of no bytes, or one without our
``application_id``, is damage and not a beginning. The check at open is bounded: header, ``application_id``,
``user_version`` (the schema's version) and the file's length. What the rows say is for their reader to check, with
:func:`row_sum`: SQLite has no checksums of its own in its pages. A write-ahead log that was cut off cannot be told
from one that ends there: it looks like a loss of power.

``Synchronous.NORMAL`` survives the death of any process at any moment. A loss of power, or of the machine, can take
the newest transactions (those since the last checkpoint) with it, in order and never in part. ``FULL`` syncs each
transaction, and loses nothing that returned.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import msgpack

from shoal.runtime.durable.errors import StoreBroken, StoreError, StoreNewer
from shoal.runtime.durable.sqlite_errors import READ_ERRORS, describe_os_error, map_sqlite_error

_WAL_LIMIT_BYTES = 64 * 1024 * 1024
_HEADER_BYTES = 100


class Synchronous(StrEnum):
    """When a transaction is safe."""

    NORMAL = "NORMAL"
    """From the death of any process; a loss of power can take the newest ones."""
    FULL = "FULL"
    """Also from a loss of power: each waits for the disk."""


class FileKind(NamedTuple):
    """What a file is for, and how it is built."""

    name: str
    """As an error calls it: "state store"."""
    application_id: int
    version: int
    schema: tuple[str, ...]
    remedy: str
    """What a person can do when it is broken."""


def row_sum(*columns: Any) -> bytes:
    """Eight bytes that tell whether a row is still what was written (BLAKE2b over its msgpack)."""
    return blake2b(msgpack.packb(columns), digest_size=8).digest()


class SqliteFile:
    """An open connection to a file of one kind. Threads take turns."""

    __slots__ = ("_connection", "_lock", "kind", "path")

    def __init__(
        self,
        path: Path,
        kind: FileKind,
        *,
        create: bool = True,
        read_only: bool = False,
        synchronous: Synchronous = Synchronous.NORMAL,
        busy_s: float = 10.0,
        folds_itself: bool = True,
    ) -> None:
        """Open ``path``, building it when it is missing and ``create`` is set (and ``read_only`` is not).

        ``busy_s`` is how long a call waits for another process's transaction. Unless it ``folds_itself``, no
        transaction stops to fold the write-ahead log into the file: :meth:`fold` does. Raises :class:`StoreError`
        and its subclasses.
        """
        self.path = path
        self.kind = kind
        self._lock = threading.Lock()
        if self._is_missing():
            self._build(create and not read_only)
        size, logged = self._measured()
        self._connection = self._connect(path, busy_s, self._read_only_mode() if read_only else "rw")
        try:
            self._check_identity()
            self._check_length(size, logged)
            if not read_only:
                self._set_up(synchronous, folds_itself)
        except BaseException:
            self._connection.close()
            raise

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is there when the block ends, nothing of it when the block raises."""
        connection = self._connection
        with self._lock:
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException as exc:
                with contextlib.suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                if isinstance(exc, READ_ERRORS):
                    raise self.error(exc) from exc
                raise

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Statements that only read; each sees what was committed when it began."""
        with self._lock:
            try:
                yield self._connection
            except READ_ERRORS as exc:
                raise self.error(exc) from exc

    def error(self, exc: sqlite3.Error | UnicodeDecodeError) -> StoreError:
        """The error of ours that one of SQLite's means."""
        return map_sqlite_error(exc, self.path, self.kind.name, self.kind.remedy)

    def broken(self, why: str) -> StoreBroken:
        """The error to raise when a row is not what was written."""
        return StoreBroken(
            f"{self.kind.name} {self.path} is damaged: {why}. {self.kind.remedy}", path=str(self.path)
        )

    def check_structure(self) -> None:
        """SQLite's own check of the whole file: time proportional to its size. Raises :class:`StoreBroken`."""
        with self.read() as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
        if found != ["ok"]:
            raise self.broken("; ".join(found))

    def fold(self) -> None:
        """Fold the write-ahead log into the file: tens of milliseconds of disk time that commits are spared."""
        with self.read() as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def close(self) -> None:
        """Close the connection; the last one of all processes folds the write-ahead log into the file."""
        with self._lock:
            self._connection.close()

    def _connect(self, path: Path, busy_s: float, mode: str) -> sqlite3.Connection:
        address = f"file:{quote(str(path.absolute()))}?mode={mode}"
        try:
            return sqlite3.connect(
                address, uri=True, timeout=busy_s, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as exc:
            raise self.error(exc) from exc

    def _read_only_mode(self) -> str:
        """How to open a file to read it. SQLite wants to make an index of the write-ahead log beside it, even of none:
        where it cannot, a file without a log may be taken as one that nobody changes."""
        if os.access(self.path.parent, os.W_OK):
            return "ro"
        if not self._has_log():
            return "ro&immutable=1"
        if Path(f"{self.path}-shm").exists():
            return "ro"
        raise StoreError(
            f"{self.kind.name} {self.path} has a write-ahead log, which cannot be read where nothing can be written: "
            "copy the files to another directory",
            path=str(self.path),
        )

    def _has_log(self) -> bool:
        try:
            return Path(f"{self.path}-wal").stat().st_size > 0
        except FileNotFoundError:  # perhaps just now: the last connection of another process took it away
            return False

    def _is_missing(self) -> bool:
        try:
            return not self.path.exists()
        except OSError as exc:  # a directory that may not be looked into
            raise describe_os_error(exc, self.path, f"open {self.kind.name}") from exc

    def _build(self, create: bool) -> None:
        if not create:
            raise self.broken("it is missing")
        if Path(f"{self.path}-wal").exists():
            # SQLite would play a lost file's log into the new one.
            raise self.broken("it is gone, while its write-ahead log is still there")
        draft = self.path.with_name(f".{self.path.name}-{os.urandom(6).hex()}")
        try:
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._fill(draft)
            with contextlib.suppress(FileExistsError):  # another process was quicker, with the same schema
                os.link(draft, self.path)
        except OSError as exc:
            raise describe_os_error(exc, self.path, f"create {self.kind.name}") from exc
        finally:
            for leftover in (draft, Path(f"{draft}-wal"), Path(f"{draft}-shm"), Path(f"{draft}-journal")):
                with contextlib.suppress(
                    OSError
                ):  # of a read-only file system, also of a file that is not there
                    leftover.unlink()

    def _fill(self, draft: Path) -> None:
        connection = self._connect(draft, 0.0, "rw")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA application_id = {self.kind.application_id}")
            connection.execute(f"PRAGMA user_version = {self.kind.version}")
            for statement in self.kind.schema:
                connection.execute(statement)
            connection.execute("COMMIT")
        except sqlite3.Error as exc:
            raise self.error(exc) from exc
        finally:
            connection.close()

    def _measured(self) -> tuple[int, bool]:
        """The file's length, and whether it has a log.

        Its header is SQLite's to read: whoever opens and closes the file in another way drops the locks (POSIX's) that
        this process's other connections have on it. The next process that closes it then takes itself for the last
        one, and takes the log away under those who use it.
        """
        try:
            size, logged = self.path.stat().st_size, self._has_log()
        except OSError as exc:
            raise describe_os_error(exc, self.path, f"open {self.kind.name}") from exc
        if size < _HEADER_BYTES:  # of a file without a byte SQLite would make one of its own
            raise self._is_none_of_sqlites()
        return size, logged

    def _is_none_of_sqlites(self) -> StoreBroken:
        return self.broken("it is not a SQLite file, or only the beginning of one")

    def _check_length(self, size: int, logged: bool) -> None:
        """A length that is no number of pages, with no log to mend it, is a file cut off."""
        with self.read() as connection:
            page = connection.execute("PRAGMA page_size").fetchone()[0]
        if size % page and not logged:
            raise self.broken(f"its length, {size:,} bytes, is not a whole number of pages")

    def _check_identity(self) -> None:
        with self.read() as connection:
            try:
                connection.execute("PRAGMA schema_version").fetchone()
            except sqlite3.DatabaseError as exc:
                if getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
                    raise self._is_none_of_sqlites() from exc
                raise
            application_id = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application_id != self.kind.application_id:
            raise self.broken(f"it is no {self.kind.name} but another SQLite file")
        if version > self.kind.version:
            raise StoreNewer(
                f"{self.kind.name} {self.path} has version {version}; this shoal knows versions up to "
                f"{self.kind.version}: use the shoal that wrote it, or a newer one",
                path=str(self.path),
            )
        if version < 1:
            raise self.broken(f"its version is {version}")
        if version < self.kind.version:
            raise StoreError(
                f"{self.kind.name} {self.path} has version {version}, of an older shoal; this one reads and writes "
                f"version {self.kind.version}: use the shoal that wrote it, or start anew",
                path=str(self.path),
            )

    def _set_up(self, synchronous: Synchronous, folds_itself: bool) -> None:
        with self.read() as connection:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            if not folds_itself:
                connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA cell_size_check = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        if mode != "wal":
            raise StoreError(
                f"{self.kind.name} {self.path}: this file system cannot hold a write-ahead log (journal mode is "
                f"{mode!r}); keep the run on a local disk",
                path=str(self.path),
            )
