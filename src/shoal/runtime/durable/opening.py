"""Which store a host keeps its durable agents in, and where."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from shoal.runtime.config import Config
from shoal.runtime.durable.postgres_store import PostgresStateStore
from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.durable.sqlite_store import SqliteStateStore
from shoal.runtime.durable.store import StateStore
from shoal.runtime.journal.run_directory import runs_root

_DIRECTORY = "state"
_BUSY_S = 0.05
"""A call on the event loop waits no longer than this for another process: it is made again after a pause."""


def default_run_dir(system: str) -> Path:
    """The run directory of a system that was given none: ``.shoal/runs/<system>``. Nothing is made here."""
    return runs_root() / system


def open_state_store(config: Config, run_dir: Path, host: str) -> StateStore:
    """The store of one host: ``<run_dir>/state/<host>.db``, or the PostgreSQL that ``config.state_store`` names.

    A file a host, so that no process waits for another's transactions. Blocks; raises :class:`StoreError`, and
    :class:`ConfigError` without psycopg.
    """
    window = max(1, config.remembered_ids)
    if config.state_store:
        return PostgresStateStore(config.state_store, run_dir.name, window=window)
    directory = run_dir / _DIRECTORY
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise describe_os_error(exc, directory, "make the directory of the state store") from exc
    return SqliteStateStore(
        directory / f"{quote(host, safe='')}.db", window=window, quick=True, busy_s=_BUSY_S
    )


def state_files(run_dir: Path) -> list[Path]:
    """The files of all hosts in a run's directory; none in a system whose state is in a database."""
    return list((run_dir / _DIRECTORY).glob("*.db"))
