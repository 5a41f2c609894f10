"""Durable agents in PostgreSQL: for clusters, where a node and its files can be lost together.

The same contract as the SQLite store, over psycopg 3 (the extra ``shoal[postgres]``, imported when a store is made).
Tables lie in the schema ``shoal``, one set for all runs. An agent's row is locked for a transaction, so agents wait for
nobody but themselves. A commit returns when the server's ``synchronous_commit`` says that it is safe.

A lost connection is :class:`StoreUnreachable`; the next call connects again. Damage is the server's to detect (data
checksums, on by default since PostgreSQL 18) and comes as :class:`StoreBroken`. Texts hold no NUL here.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from shoal.runtime.durable.errors import (
    Fenced,
    StoreBroken,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreNewer,
    StoreUnreachable,
)
from shoal.runtime.durable.handled_rows import newest_handled, pack_handled, trims
from shoal.runtime.durable.store import WINDOW, Claimed, Handled, Recorded, Saved, State, Unknown
from shoal.runtime.errors import ConfigError

VERSION = 1
_SCHEMA_LOCK = 0x53484F53
_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS shoal;
CREATE TABLE IF NOT EXISTS shoal.version (version integer NOT NULL);
CREATE TABLE IF NOT EXISTS shoal.agents (
    run text NOT NULL, agent text NOT NULL, generation bigint NOT NULL, position bigint NOT NULL, tag text,
    payload bytea, PRIMARY KEY (run, agent));
CREATE TABLE IF NOT EXISTS shoal.handled (
    run text NOT NULL, agent text NOT NULL, position bigint NOT NULL, count integer NOT NULL, items bytea NOT NULL,
    PRIMARY KEY (run, agent, position));
CREATE TABLE IF NOT EXISTS shoal.effects (
    run text NOT NULL, agent text NOT NULL, scope bytea NOT NULL, key text NOT NULL, generation bigint NOT NULL,
    tag text, payload bytea, PRIMARY KEY (run, agent, scope, key));
"""
_CLAIM = "SELECT generation, position FROM shoal.agents WHERE run = %s AND agent = %s FOR UPDATE"
_NEW = (
    "INSERT INTO shoal.agents (run, agent, generation, position) VALUES (%s, %s, 0, 0) ON CONFLICT DO NOTHING"
)
_HANDLED = """SELECT position, count, items FROM shoal.handled WHERE run = %s AND agent = %s AND position > %s
    ORDER BY position DESC"""
_TRIM = "DELETE FROM shoal.handled WHERE run = %s AND agent = %s AND position <= %s"
_EFFECT_KEY = "run = %s AND agent = %s AND scope = %s AND key = %s"
_EFFECT = f"SELECT generation, tag, payload FROM shoal.effects WHERE {_EFFECT_KEY}"
_DONE = """INSERT INTO shoal.effects AS known VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (run, agent, scope, key) DO UPDATE SET tag = excluded.tag, payload = excluded.payload,
    generation = excluded.generation WHERE known.tag IS NULL"""


class PostgresStateStore:
    """The :class:`~shoal.runtime.durable.store.StateStore` in a PostgreSQL database."""

    quick = False

    def __init__(self, conninfo: str, run: str, *, window: int = WINDOW, busy_s: float = 10.0) -> None:
        """Connect and make the tables where they are missing.

        ``conninfo``: a libpq connection string or URI. ``run``: the run's id, which agents' names are unique in.
        ``busy_s``: the longest wait for another transaction, and for a connection. Raises :class:`ConfigError`
        without psycopg, :class:`StoreUnreachable` without a server.
        """
        try:
            self._psycopg: Any = importlib.import_module("psycopg")
        except ImportError as exc:
            raise ConfigError("a PostgreSQL store needs psycopg 3: pip install 'shoal[postgres]'") from exc
        self._conninfo = conninfo
        self._run = run
        self._window = window
        self._busy_s = busy_s
        self._lock = threading.Lock()
        self._open: Any = None
        self._closed = False
        try:
            self._make_tables()
        except BaseException:
            self.close()
            raise

    def generation(self, agent: str) -> int:
        """See :class:`StateStore`."""
        with self._transaction() as cursor:
            row = cursor.execute(
                "SELECT generation FROM shoal.agents WHERE run = %s AND agent = %s", (self._run, agent)
            ).fetchone()
        return row[0] if row else 0

    @property
    def wants_tending(self) -> bool:
        """Never: the server sees to itself."""
        return False

    def tend(self) -> None:
        """Nothing to do."""

    def open(self, agent: str, generation: int) -> Saved:
        """See :class:`StateStore`."""
        return self._take(agent, generation).saved

    def claim(self, agent: str) -> Claimed:
        """See :class:`StateStore`."""
        return self._take(agent, None)

    def _take(self, agent: str, generation: int | None) -> Claimed:
        who = (self._run, agent)
        with self._transaction() as cursor:
            cursor.execute(_NEW, who)
            holder, position = cursor.execute(_CLAIM, who).fetchone()
            if generation is None:
                generation = holder + 1
            elif holder > generation:
                raise _fenced(agent, generation, holder)
            tag, payload = cursor.execute(
                "UPDATE shoal.agents SET generation = %s WHERE run = %s AND agent = %s RETURNING tag, payload",
                (generation, *who),
            ).fetchone()
            handled = self._handled(cursor, agent, position)
        return Claimed(generation, Saved(None if tag is None else (tag, bytes(payload)), handled))

    def commit(
        self, agent: str, generation: int, state: State | None, handled: Sequence[Handled] = ()
    ) -> None:
        """See :class:`StateStore`."""
        who = (self._run, agent)
        with self._transaction() as cursor:
            before = self._owned(cursor, agent, generation)
            position = before + len(handled)
            if handled:
                row = (*who, position, len(handled), pack_handled(handled))
                cursor.execute("INSERT INTO shoal.handled VALUES (%s, %s, %s, %s, %s)", row)
                if trims(before, position, self._window):
                    cursor.execute(_TRIM, (*who, position - self._window))
            cursor.execute(
                "UPDATE shoal.agents SET position = %s WHERE run = %s AND agent = %s", (position, *who)
            )
            if state is not None:
                cursor.execute(
                    "UPDATE shoal.agents SET tag = %s, payload = %s WHERE run = %s AND agent = %s",
                    (*state, *who),
                )

    def once_begin(self, agent: str, generation: int, scope: bytes, key: str) -> Recorded | Unknown | None:
        """See :class:`StateStore`."""
        effect = (self._run, agent, scope, key)
        with self._transaction() as cursor:
            self._owned(cursor, agent, generation)
            row = cursor.execute(_EFFECT, effect).fetchone()
            if row is None:
                cursor.execute(
                    "INSERT INTO shoal.effects VALUES (%s, %s, %s, %s, %s, NULL, NULL)", (*effect, generation)
                )
                return None
        return Unknown(row[0]) if row[1] is None else Recorded(row[1], bytes(row[2]))

    def once_done(
        self, agent: str, generation: int, scope: bytes, key: str, tag: str, payload: bytes
    ) -> None:
        """See :class:`StateStore`."""
        with self._transaction() as cursor:
            self._owned(cursor, agent, generation)
            cursor.execute(_DONE, (self._run, agent, scope, key, generation, tag, payload))

    def once_failed(self, agent: str, generation: int, scope: bytes, key: str) -> None:
        """See :class:`StateStore`."""
        with self._transaction() as cursor:
            self._owned(cursor, agent, generation)
            cursor.execute(
                f"DELETE FROM shoal.effects WHERE {_EFFECT_KEY} AND tag IS NULL",
                (self._run, agent, scope, key),
            )

    def verify(self) -> None:
        """See :class:`StateStore`."""
        with self._transaction() as cursor:
            agents = cursor.execute(
                "SELECT agent, position FROM shoal.agents WHERE run = %s", (self._run,)
            ).fetchall()
            for agent, position in agents:
                self._handled(cursor, agent, position)

    def close(self) -> None:
        """See :class:`StateStore`."""
        with self._lock:
            self._closed = True
            if self._open is not None:
                self._open.close()
                self._open = None

    def _make_tables(self) -> None:
        with self._transaction() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
            if cursor.execute("SELECT to_regclass('shoal.version')").fetchone()[0] is None:
                cursor.execute(_SCHEMA)  # only then: it takes rights that a run's user need not have
            found = cursor.execute("SELECT max(version) FROM shoal.version").fetchone()[0]
            if found is None:
                cursor.execute("INSERT INTO shoal.version VALUES (%s)", (VERSION,))
            elif found > VERSION:
                raise StoreNewer(
                    f"the PostgreSQL store has version {found}; this shoal knows versions up to {VERSION}: use the "
                    "shoal that made it, or a newer one"
                )

    def _owned(self, cursor: Any, agent: str, generation: int) -> int:
        """The agent's position; its row is locked until the transaction ends."""
        row = cursor.execute(_CLAIM, (self._run, agent)).fetchone()
        if row is not None and row[0] > generation:
            raise _fenced(agent, generation, row[0])
        if row is None or row[0] < generation:
            raise StoreError(
                f"generation {generation} of agent {agent!r} has not opened its state in run {self._run!r}"
            )
        position: int = row[1]
        return position

    def _handled(self, cursor: Any, agent: str, position: int) -> list[Handled]:
        rows = cursor.execute(_HANDLED, (self._run, agent, position - self._window)).fetchall()
        found = newest_handled(rows, position, self._window)
        if found is None:
            raise StoreBroken(
                f"PostgreSQL store: some of what agent {agent!r} of run {self._run!r} handled is gone. Restore a backup"
            )
        return found

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Any]:
        with self._lock:
            try:
                connection = self._connection()
                with connection.transaction():
                    yield connection.cursor()
            except self._psycopg.Error as exc:
                raise self._error(exc) from exc

    def _connection(self) -> Any:
        if self._closed:
            raise StoreError("this PostgreSQL store is closed")
        if self._open is None or self._open.closed:
            self._open = self._psycopg.connect(
                self._conninfo, autocommit=True, connect_timeout=max(1, round(self._busy_s))
            )
            self._open.execute(f"SET lock_timeout = {max(1, round(self._busy_s * 1000))}")
        return self._open

    def _error(self, exc: Any) -> StoreError:
        state = getattr(exc, "sqlstate", None) or ""
        text = f"PostgreSQL store: {str(exc).strip() or type(exc).__name__}"
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


def _fenced(agent: str, generation: int, holder: int) -> Fenced:
    return Fenced(
        f"agent {agent!r} was opened by generation {holder}; generation {generation} has to stop",
        agent=agent,
        generation=generation,
        holder=holder,
    )
