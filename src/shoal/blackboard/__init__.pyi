from .board import Board
from .claiming import HeldItem
from .compares import Field, Key
from .entry import Entries, Entry, Event
from .errors import (
    BoardError,
    BoardRefused,
    BoardUnavailable,
    Compacted,
    Conflict,
    FutureRevision,
    InvalidKey,
    InvalidOperation,
    ItemState,
    LeaseLost,
    NoSuchKey,
    NothingToClaim,
    RegionInUse,
    RegionLost,
    RegionUnknown,
    SchemaRefused,
    ValueRefused,
)
from .leasing import Lease
from .requests import Status
from .spec import RegionSpec
from .transactions import Do, Outcome
from .version import Item

__all__ = [
    "Board",
    "BoardError",
    "BoardRefused",
    "BoardUnavailable",
    "Compacted",
    "Conflict",
    "Do",
    "Entries",
    "Entry",
    "Event",
    "Field",
    "FutureRevision",
    "HeldItem",
    "InvalidKey",
    "InvalidOperation",
    "Item",
    "ItemState",
    "Key",
    "Lease",
    "LeaseLost",
    "NoSuchKey",
    "NothingToClaim",
    "Outcome",
    "RegionInUse",
    "RegionLost",
    "RegionSpec",
    "RegionUnknown",
    "SchemaRefused",
    "Status",
    "ValueRefused",
]
