"""Where a run's regions are kept: files under ``<run_dir>/boards/``, or the PostgreSQL of ``config.state_store``."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote

from shoal.blackboard.persistence.postgres_log import PostgresRegionLog
from shoal.blackboard.persistence.postgres_source import PostgresSource, regions_of
from shoal.blackboard.persistence.region_log import RegionLog
from shoal.blackboard.persistence.region_reader import RegionReader
from shoal.blackboard.persistence.sqlite_log import SqliteRegionLog
from shoal.blackboard.persistence.sqlite_source import SqliteSource
from shoal.runtime.config import Config
from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.durable.sqlite_file import Synchronous

_BUSY_S = 0.05
"""A call on the event loop waits no longer than this for another process: it is made again after a pause."""
_SUFFIX = ".db"


def region_path(run_dir: Path, region: str) -> Path:
    """The file of a region: ``<run_dir>/boards/<region>.db``, with the name's special characters as ``%XX``."""
    return run_dir / "boards" / f"{quote(region, safe='')}{_SUFFIX}"


def open_region_log(config: Config, run_dir: Path, region: str, *, power: bool = False) -> RegionLog:
    """The log of a region, not owned yet. ``power``: each write survives a loss of power, and waits for the disk.

    Blocks. Raises ``StoreError``, and ``ConfigError`` without psycopg.
    """
    if config.state_store:
        return PostgresRegionLog(config.state_store, run_dir.name, region)
    path = region_path(run_dir, region)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise describe_os_error(exc, path.parent, "make the directory of the regions") from exc
    synchronous = Synchronous.FULL if power else Synchronous.NORMAL
    return SqliteRegionLog(path, region, synchronous=synchronous, busy_s=_BUSY_S, quick=True)


def open_region_reader(config: Config, run_dir: Path, region: str) -> RegionReader:
    """A saved region to look at. Raises ``RegionUnknown``, ``StoreError``, and ``ConfigError`` without psycopg."""
    if config.state_store:
        return RegionReader(PostgresSource(config.state_store, run_dir.name, region), region)
    return RegionReader(SqliteSource(region_path(run_dir, region), region), region)


def saved_regions(config: Config, run_dir: Path) -> list[str]:
    """The names of the regions that a run has saved, sorted. Raises as above."""
    if config.state_store:
        return regions_of(config.state_store, run_dir.name)
    directory = run_dir / "boards"
    try:
        names = [path.name for path in directory.iterdir()] if directory.is_dir() else []
    except OSError as exc:
        raise describe_os_error(exc, directory, "list the regions in") from exc
    return sorted(unquote(name.removesuffix(_SUFFIX)) for name in names if name.endswith(_SUFFIX))
