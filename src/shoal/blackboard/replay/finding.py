"""From what a user typed to a region that can be read: the run's directory, its journal, the region's file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from shoal.blackboard.errors import RegionUnknown
from shoal.blackboard.persistence import RegionReader, open_region_reader, region_path, saved_regions
from shoal.blackboard.replay.unwritable import readable_copy
from shoal.blackboard.spec import MAIN
from shoal.runtime.config import make_config
from shoal.runtime.durable.errors import StoreError
from shoal.runtime.errors import ConfigError
from shoal.runtime.journal.errors import RunNotFound
from shoal.runtime.journal.manifest import FILE_NAME as MANIFEST
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.journal.run_directory import JOURNAL_FILE, find_directory
from shoal.runtime.terminal.text import printable

_BESIDE = ".db-head"
"""How the mark beside a region's file is called."""


class Where(NamedTuple):
    """What a user typed."""

    run: str
    """A run's name, or a path to a run directory."""
    root: Path | None = None
    region: str | None = None
    """``None``: the main one, or the only one."""
    state_store: str = ""


class Found(NamedTuple):
    """A region that is open for reading."""

    name: str
    """Of its run, or of its directory."""
    directory: Path
    region: str
    chosen: bool
    """Whether the region was taken because it is the only one."""
    regions: tuple[str, ...]
    """All of the run, sorted."""
    reader: RegionReader
    journal: Path | None
    source: str
    """The region's file, or what else it is kept in."""


@contextlib.contextmanager
def opened(where: Where) -> Iterator[Found]:
    """Open a region. Raises ``RunNotFound``, ``RegionUnknown``, ``StoreError`` and ``ConfigError``."""
    config = make_config({"state_store": where.state_store})
    directory = run_directory(where)
    regions = sorted({*saved_regions(config, directory), *_traces(directory)})
    region = _region(where, directory, regions)
    path = region_path(directory, region)
    with contextlib.ExitStack() as stack:
        readable = directory if where.state_store else stack.enter_context(readable_copy(directory, path))
        reader = stack.enter_context(open_region_reader(config, readable, region))
        journal = readable / JOURNAL_FILE
        yield Found(
            directory.name,
            directory,
            region,
            where.region is None and region != MAIN,
            tuple(regions),
            reader,
            journal if journal.exists() else None,
            "PostgreSQL" if where.state_store else str(path),
        )


def run_directory(where: Where) -> Path:
    """The directory of a run: of this name, else at this path. Raises ``RunNotFound`` and ``ConfigError``."""
    try:
        return find_directory(where.run, root=where.root, holds=(MANIFEST, "boards"))
    except (RunNotFound, ConfigError):
        if not where.state_store:  # else its files may be on another node
            raise
        return Path(os.path.abspath(os.path.expanduser(where.run)))


def run_status(directory: Path) -> str:
    """Whether the run is running, finished or interrupted; empty where there is no run or it cannot be told."""
    if not (directory / MANIFEST).exists():
        return ""
    try:
        with RunReader(directory) as reader:
            summary = reader.summary()
    except StoreError:
        return ""
    pid = summary.holder.pid if summary.holder is not None else 0
    return f"{summary.status}, process {pid}" if pid else summary.status


def _region(where: Where, directory: Path, regions: Sequence[str]) -> str:
    wanted = where.region if where.region is not None else MAIN
    if wanted in regions:
        return wanted
    if where.region is None and len(regions) == 1:
        return regions[0]
    raise _unknown(wanted, directory, regions)


def _traces(directory: Path) -> set[str]:
    """Regions whose file is gone, but not what lies beside it: they are damaged and not unknown."""
    return {unquote(path.name.removesuffix(_BESIDE)) for path in (directory / "boards").glob(f"*{_BESIDE}")}


def _unknown(region: str, directory: Path, regions: Sequence[str]) -> RegionUnknown:
    if not regions:
        return RegionUnknown(
            f"{directory} has no board: nothing wrote to one, or it was kept in memory only (durable=False)",
            region=region,
        )
    others = ", ".join(map(printable, regions))
    return RegionUnknown(
        f"there is no region {region!r} in {directory}: it has {others} (--region)", region=region
    )
