"""The blackboard: versioned, durable state that all agents share, claim work from and watch.

A region is served by one agent, its board. What it holds is decided by a pure store (:mod:`shoal.blackboard.store`)
and kept by a log (:mod:`shoal.blackboard.persistence`); :class:`Board` is its client, ``ctx.board`` in an agent.
"""

from shoal.blackboard.board import Board
from shoal.blackboard.claiming import HeldItem
from shoal.blackboard.compares import Field, Key
from shoal.blackboard.entry import Entries, Entry, Event
from shoal.blackboard.errors import (
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
from shoal.blackboard.leasing import Lease
from shoal.blackboard.opened import Boards
from shoal.blackboard.requests import Status
from shoal.blackboard.spec import RegionSpec
from shoal.blackboard.transactions import Do, Outcome
from shoal.blackboard.version import Item
from shoal.runtime.boards import register

register(Boards())

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
