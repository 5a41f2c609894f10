from .errors import (
    EffectUnknown,
    Fenced,
    StoreBroken,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreNewer,
    StoreUnreachable,
)
from .postgres_store import PostgresStateStore
from .sqlite_file import Synchronous
from .sqlite_store import SqliteStateStore
from .store import Claimed, Handled, Recorded, Saved, StateStore, Unknown

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
