"""Where a region's versions are kept: SQLite files or PostgreSQL, written by one owner, read by anybody."""

from __future__ import annotations

from shoal.blackboard.persistence.opening import (
    open_region_log,
    open_region_reader,
    region_path,
    saved_regions,
)
from shoal.blackboard.persistence.postgres_log import PostgresRegionLog
from shoal.blackboard.persistence.region_log import Answer, Owner, RegionLog, Saved
from shoal.blackboard.persistence.region_reader import RegionReader
from shoal.blackboard.persistence.sqlite_log import SqliteRegionLog

__all__ = [
    "Answer",
    "Owner",
    "PostgresRegionLog",
    "RegionLog",
    "RegionReader",
    "Saved",
    "SqliteRegionLog",
    "open_region_log",
    "open_region_reader",
    "region_path",
    "saved_regions",
]
