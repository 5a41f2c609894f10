"""A connection to a PostgreSQL database with tables of ours: made when missing, errors mapped to ours.

Over psycopg 3 (the extra ``shoal[postgres]``, imported when a database is opened). A lost connection is
:class:`StoreUnreachable`; the next transaction connects again.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

from shoal.runtime.durable.errors import (
    StoreBroken,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreNewer,
    StoreUnreachable,
)
from shoal.runtime.errors import ConfigError


class PostgresTables(NamedTuple):
    """A set of tables, and how it is made."""

    name: str
    """As an error calls the whole: "PostgreSQL store"."""
    version_table: str
    """Holds the version of the set. While it is missing the set is made."""
    version: int
    lock: int
    """Key of the advisory lock under which they are made."""
    schema: str


class PostgresDatabase:
    """An open connection. Threads take turns."""

    def __init__(self, conninfo: str, tables: PostgresTables, *, busy_s: float = 10.0) -> None:
        """Connect and make the tables where they are missing.

        ``conninfo``: a libpq connection string or URI. ``busy_s``: the longest wait for another transaction, and for a
        connection. Raises :class:`ConfigError` without psycopg, :class:`StoreUnreachable` without a server.
        """
        try:
            self._psycopg: Any = importlib.import_module("psycopg")
        except ImportError as exc:
            raise ConfigError("a PostgreSQL store needs psycopg 3: pip install 'shoal[postgres]'") from exc
        self._conninfo = conninfo
        self._tables = tables
        self._busy_s = busy_s
        self._lock = threading.Lock()
        self._open: Any = None
        self._closed = False
        try:
            self._make_tables()
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def transaction(self, *, pipelined: bool = False) -> Iterator[Any]:
        """One transaction, with a cursor: all of it is there when the block ends, nothing of it when it raises.

        ``pipelined``: statements wait for nothing until a result is asked for; each needs a cursor of its own then
        (``cursor.connection.execute``), and an error may come later than its statement.
        """
        with self._lock:
            try:
                connection = self._connection()
                with contextlib.ExitStack() as stack:
                    if pipelined and self._psycopg.Pipeline.is_supported():
                        stack.enter_context(connection.pipeline())
                    stack.enter_context(connection.transaction())
                    yield connection.cursor()
            except self._psycopg.Error as exc:
                raise self._error(exc) from exc

    def close(self) -> None:
        """Let go of the connection. Closing twice is fine."""
        with self._lock:
            self._closed = True
            if self._open is not None:
                self._open.close()
                self._open = None

    def _make_tables(self) -> None:
        tables = self._tables
        with self.transaction() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (tables.lock,))
            if cursor.execute("SELECT to_regclass(%s)", (tables.version_table,)).fetchone()[0] is None:
                cursor.execute(tables.schema)  # only then: it takes rights that a run's user need not have
            found = cursor.execute(f"SELECT max(version) FROM {tables.version_table}").fetchone()[0]
            if found is None:
                cursor.execute(f"INSERT INTO {tables.version_table} VALUES (%s)", (tables.version,))
            elif found > tables.version:
                raise StoreNewer(
                    f"the {tables.name} has version {found}; this shoal knows versions up to {tables.version}: use "
                    "the shoal that made it, or a newer one"
                )
            elif found < tables.version:
                raise StoreError(
                    f"the {tables.name} has version {found}, of an older shoal; this one reads and writes version "
                    f"{tables.version}: use the shoal that made it, or another database"
                )

    def _connection(self) -> Any:
        if self._closed:
            raise StoreError(f"this {self._tables.name} is closed")
        if self._open is None or self._open.closed:
            self._open = self._psycopg.connect(
                self._conninfo, autocommit=True, connect_timeout=max(1, round(self._busy_s))
            )
            self._open.execute(f"SET lock_timeout = {max(1, round(self._busy_s * 1000))}")
        return self._open

    def _error(self, exc: Any) -> StoreError:
        state = getattr(exc, "sqlstate", None) or ""
        text = f"{self._tables.name}: {str(exc).strip() or type(exc).__name__}"
        if state == "53100":
            return StoreFull(f"{text}. What was acknowledged is safe; make room and go on", sqlstate=state)
        if state in ("55P03", "40P01", "40001") or state.startswith("53"):
            return StoreBusy(f"{text}. It may be tried again", sqlstate=state)
        if state.startswith(("XX", "58")):
            return StoreBroken(f"{text}. Look into the server's log; restore a backup", sqlstate=state)
        lost = self._open is None or self._open.closed
        if state.startswith(("08", "57P")) or (not state and lost):
            return StoreUnreachable(text, sqlstate=state)
        return StoreError(text, sqlstate=state)
