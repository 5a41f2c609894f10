from .opening import open_region_log, open_region_reader, region_path, saved_regions
from .postgres_log import PostgresRegionLog
from .region_log import Answer, Owner, RegionLog, Saved
from .region_reader import RegionReader
from .sqlite_log import SqliteRegionLog

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
