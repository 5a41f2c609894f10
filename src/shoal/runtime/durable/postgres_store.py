"""Durable agents in PostgreSQL: for clusters, where a node and its files can be lost together.

The same contract as the SQLite store. Tables lie in the schema ``shoal``, one set for all runs. An agent's row is
locked for a transaction, so agents wait for nobody but themselves. A commit returns when the server's
``synchronous_commit`` says that it is safe.

Damage is the server's to detect (data checksums, on by default since PostgreSQL 18) and comes as :class:`StoreBroken`.
Texts hold no NUL here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from shoal.runtime.durable.errors import Fenced, StoreBroken, StoreError
from shoal.runtime.durable.handled_rows import newest_handled, pack_handled, trims
from shoal.runtime.durable.postgres_database import PostgresDatabase, PostgresTables
from shoal.runtime.durable.store import WINDOW, Claimed, Handled, Recorded, Saved, State, Unknown
from shoal.runtime.provenance import read_marked_tag

VERSION = 2
_TABLES = PostgresTables(
    name="PostgreSQL store",
    version_table="shoal.version",
    version=VERSION,
    lock=0x53484F53,
    schema="""
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
""",
)
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


_TAGGED = (
    "SELECT key, tag, payload FROM shoal.effects WHERE run = %s AND tag LIKE %s ORDER BY agent, scope, key"
)
_OF = "SELECT key, tag, payload FROM shoal.effects WHERE run = %s AND agent = %s AND scope = %s AND tag IS NOT NULL"


class PostgresStateStore:
    """The :class:`~shoal.runtime.durable.store.StateStore` in a PostgreSQL database."""

    quick = False

    def __init__(self, conninfo: str, run: str, *, window: int = WINDOW, busy_s: float = 10.0) -> None:
        """Connect and make the tables where they are missing.

        ``conninfo``: a libpq connection string or URI. ``run``: the run's id, which agents' names are unique in.
        ``busy_s``: the longest wait for another transaction, and for a connection. Raises :class:`ConfigError`
        without psycopg, :class:`StoreUnreachable` without a server.
        """
        self._run = run
        self._window = window
        self._database = PostgresDatabase(conninfo, _TABLES, busy_s=busy_s)

    def generation(self, agent: str) -> int:
        """See :class:`StateStore`."""
        with self._database.transaction() as cursor:
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
        with self._database.transaction() as cursor:
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
        with self._database.transaction() as cursor:
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
        with self._database.transaction() as cursor:
            self._owned(cursor, agent, generation)
            found = _effect(cursor.execute(_EFFECT, effect).fetchone())
            if found is None:
                cursor.execute(
                    "INSERT INTO shoal.effects VALUES (%s, %s, %s, %s, %s, NULL, NULL)", (*effect, generation)
                )
        return found

    def once_look(self, agent: str, generation: int, scope: bytes, key: str) -> Recorded | Unknown | None:
        """See :class:`StateStore`."""
        with self._database.transaction() as cursor:
            self._owned(cursor, agent, generation)
            return _effect(cursor.execute(_EFFECT, (self._run, agent, scope, key)).fetchone())

    def once_done(
        self, agent: str, generation: int, scope: bytes, key: str, tag: str, payload: bytes
    ) -> None:
        """See :class:`StateStore`."""
        with self._database.transaction() as cursor:
            self._owned(cursor, agent, generation)
            cursor.execute(_DONE, (self._run, agent, scope, key, generation, tag, payload))

    def once_failed(self, agent: str, generation: int, scope: bytes, key: str) -> None:
        """See :class:`StateStore`."""
        with self._database.transaction() as cursor:
            self._owned(cursor, agent, generation)
            cursor.execute(
                f"DELETE FROM shoal.effects WHERE {_EFFECT_KEY} AND tag IS NULL",
                (self._run, agent, scope, key),
            )

    def verify(self) -> None:
        """See :class:`StateStore`."""
        with self._database.transaction() as cursor:
            agents = cursor.execute(
                "SELECT agent, position FROM shoal.agents WHERE run = %s", (self._run,)
            ).fetchall()
            for agent, position in agents:
                self._handled(cursor, agent, position)

    def close(self) -> None:
        """See :class:`StateStore`."""
        self._database.close()

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


class PostgresEffects:
    """The recorded effects of one run: a :class:`~shoal.runtime.durable.run_effects.RunEffects`."""

    def __init__(self, conninfo: str, run: str, *, busy_s: float = 10.0) -> None:
        """As of :class:`PostgresStateStore`."""
        self._run = run
        self._database = PostgresDatabase(conninfo, _TABLES, busy_s=busy_s)

    def tagged(self, tag: str) -> Iterator[tuple[str, bytes]]:
        """See :class:`~shoal.runtime.durable.run_effects.RunEffects`."""
        with self._database.transaction() as cursor:
            rows = cursor.execute(_TAGGED, (self._run, f"%{tag}")).fetchall()
        for key, marked, payload in rows:
            if read_marked_tag(marked)[0] == tag:
                yield key, bytes(payload)

    def find(self, agent: str, scope: bytes, key: str) -> Recorded | None:
        """See :class:`~shoal.runtime.durable.run_effects.RunEffects`."""
        with self._database.transaction() as cursor:
            found = _effect(cursor.execute(_EFFECT, (self._run, agent, scope, key)).fetchone())
        return found if isinstance(found, Recorded) else None

    def of_handling(self, agent: str, scope: bytes) -> dict[str, Recorded]:
        """See :class:`~shoal.runtime.durable.run_effects.RunEffects`."""
        with self._database.transaction() as cursor:
            rows = cursor.execute(_OF, (self._run, agent, scope)).fetchall()
        return {key: Recorded(tag, bytes(payload)) for key, tag, payload in rows}

    def close(self) -> None:
        """Let go of the connection. Closing twice is fine."""
        self._database.close()


def _fenced(agent: str, generation: int, holder: int) -> Fenced:
    return Fenced(
        f"agent {agent!r} was opened by generation {holder}; generation {generation} has to stop",
        agent=agent,
        generation=generation,
        holder=holder,
    )


def _effect(row: Any) -> Recorded | Unknown | None:
    if row is None:
        return None
    return Unknown(row[0]) if row[1] is None else Recorded(row[1], bytes(row[2]))
