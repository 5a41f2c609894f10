"""What a run's agents recorded (``ctx.once``): model calls, tools, what programs put there. Read-only.

A run keeps it in a file for each host, ``<run>/state/*.db``, or in PostgreSQL (``state_store``). Which one is in its
``run.json``, without a password: that comes from who reads, from ``SHOAL_STATE_STORE``, or from where libpq finds it
(``PGPASSWORD``, a passfile).

An effect is known by agent, message and key. Ids of messages are derived from the task's, so a task that is played
again asks for the same effects under the same names, as long as the code does the same.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from shoal.runtime.durable.errors import StoreUnreachable
from shoal.runtime.durable.opening import state_files
from shoal.runtime.durable.postgres_store import PostgresEffects
from shoal.runtime.durable.sqlite_file import SqliteFile
from shoal.runtime.durable.sqlite_store import KIND, SqliteStateStore
from shoal.runtime.durable.store import Recorded
from shoal.runtime.journal.manifest import FILE_NAME, read_manifest

VARIABLE = "SHOAL_STATE_STORE"
_ONE = "SELECT tag, payload FROM effects WHERE agent = ? AND scope = ? AND key = ? AND tag IS NOT NULL"
_OF = "SELECT key, tag, payload FROM effects WHERE agent = ? AND scope = ? AND tag IS NOT NULL"


class Name(NamedTuple):
    """What an effect is known by."""

    agent: str
    scope: bytes
    """The id of the message in whose handling it was done; empty: once in the agent's life."""
    key: str


class RunEffects(Protocol):
    """The recorded effects of one run. All raise :class:`StoreError`; close it after use."""

    def tagged(self, tag: str) -> Iterator[tuple[str, bytes]]:
        """Keys and payloads of all whose result has this tag."""

    def find(self, agent: str, scope: bytes, key: str) -> Recorded | None:
        """The one of this name."""

    def of_handling(self, agent: str, scope: bytes) -> dict[str, Recorded]:
        """All of one agent's handling of one message, by key."""

    def close(self) -> None:
        """Let go of it. Closing twice is fine."""


@contextlib.contextmanager
def run_effects(run_dir: Path, state_store: str = "") -> Iterator[RunEffects]:
    """The effects of the run in this directory.

    ``state_store``: the PostgreSQL that its system was started with, for who knows it. Raises :class:`StoreError`, and
    :class:`ConfigError` without psycopg.
    """
    where = state_store or _recorded_store(run_dir)
    try:
        effects: RunEffects = PostgresEffects(where, run_dir.name) if where else _FileEffects(run_dir)
    except StoreUnreachable as error:
        if state_store:
            raise
        how = f"Run {run_dir.name!r} keeps its state there: say how to reach it with {VARIABLE}"
        raise StoreUnreachable(f"{error.text.rstrip('.?')}. {how}", **error.details) from error
    with contextlib.closing(effects):
        yield effects


def without_password(conninfo: str) -> str:
    """A libpq connection string or URI that anybody may read. Raises nothing: of a bad one the kind is left."""
    try:
        psycopg = importlib.import_module("psycopg.conninfo")
        known = psycopg.conninfo_to_dict(conninfo)
    except Exception:  # no psycopg, or psycopg's own errors: the store says it when it is opened
        return "postgresql://"
    return str(psycopg.make_conninfo(**{key: value for key, value in known.items() if "password" not in key}))


def _recorded_store(run_dir: Path) -> str:
    if not (run_dir / FILE_NAME).exists():
        return ""
    recorded = read_manifest(run_dir).settings.get("state_store")
    return os.environ.get(VARIABLE) or str(recorded) if recorded else ""


class _FileEffects:
    """In the files of a run's hosts."""

    def __init__(self, run_dir: Path) -> None:
        self._paths = sorted(state_files(run_dir))
        self._opened: list[SqliteFile] = []

    def tagged(self, tag: str) -> Iterator[tuple[str, bytes]]:
        """See :class:`RunEffects`."""
        for path in self._paths:
            with contextlib.closing(SqliteStateStore(path, create=False)) as store:
                yield from store.recorded(tag)

    def find(self, agent: str, scope: bytes, key: str) -> Recorded | None:
        """See :class:`RunEffects`."""
        for file in self._files():
            with file.read() as connection:
                row = connection.execute(_ONE, (agent, scope, key)).fetchone()
            if row is not None:
                return Recorded(*row)
        return None

    def of_handling(self, agent: str, scope: bytes) -> dict[str, Recorded]:
        """See :class:`RunEffects`."""
        found: dict[str, Recorded] = {}
        for file in self._files():
            with file.read() as connection:
                rows = connection.execute(_OF, (agent, scope)).fetchall()
            found |= {key: Recorded(tag, payload) for key, tag, payload in rows}
        return found

    def close(self) -> None:
        """See :class:`RunEffects`."""
        for file in self._opened:
            file.close()

    def _files(self) -> list[SqliteFile]:
        if not self._opened:
            for path in self._paths:
                self._opened.append(SqliteFile(path, KIND, read_only=True))
        return self._opened
