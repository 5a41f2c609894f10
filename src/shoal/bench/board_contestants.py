"""Who takes part in the rows about the blackboard, with which side of each."""

from __future__ import annotations

from collections.abc import Mapping

from shoal.bench.board_growth import BoardGrowth
from shoal.bench.board_recovery import BoardRecovery
from shoal.bench.board_redis_sides import REDIS
from shoal.bench.board_sides import board_sides
from shoal.bench.board_sqlite_sides import SQLITE
from shoal.bench.sides import SideFactory

__all__ = ["DURABLE", "LOCAL", "REDIS", "SQLITE", "VOLATILE"]

DURABLE: Mapping[str, SideFactory] = {
    **board_sides(None),
    "brecover": BoardRecovery,
    "bgrow": lambda: BoardGrowth(None),
}
"""A durable region on Ray, by row."""

VOLATILE: Mapping[str, SideFactory] = {
    **board_sides(None, durable=False),
    "bgrow": lambda: BoardGrowth(None, durable=False),
}
"""One in memory on Ray, by row; a kill leaves nothing of it to recover."""

LOCAL: Mapping[str, SideFactory] = {**board_sides("local"), "bgrow": lambda: BoardGrowth("local")}
"""A durable one in this process, by row; a kill leaves nobody to ask."""
