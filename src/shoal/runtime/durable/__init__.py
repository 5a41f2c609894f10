"""What a durable agent's state is kept in, so that its next incarnation goes on where the last one was."""

from __future__ import annotations

from shoal.runtime.durable.errors import (
    EffectUnknown,
    Fenced,
    StoreBroken,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreNewer,
    StoreUnreachable,
)
from shoal.runtime.durable.postgres_store import PostgresStateStore
from shoal.runtime.durable.sqlite_file import Synchronous
from shoal.runtime.durable.sqlite_store import SqliteStateStore
from shoal.runtime.durable.store import Claimed, Handled, Recorded, Saved, StateStore, Unknown

__all__ = [
    "Claimed",
    "EffectUnknown",
    "Fenced",
    "Handled",
    "PostgresStateStore",
    "Recorded",
    "Saved",
    "SqliteStateStore",
    "StateStore",
    "StoreBroken",
    "StoreBusy",
    "StoreError",
    "StoreFull",
    "StoreNewer",
    "StoreUnreachable",
    "Synchronous",
    "Unknown",
]
