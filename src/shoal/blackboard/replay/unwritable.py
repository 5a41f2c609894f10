"""Reading where one may not write.

SQLite makes an index (``-shm``) of a write-ahead log that is beside a file. Where it may not, in the archive of a run
that was killed say, and there is none, the files are read from a copy.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from shoal.runtime.durable.errors import StoreBusy
from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.journal.run_directory import JOURNAL_FILE

_SIDECARS = ("-head", "", "-wal")
"""In this order: a mark that is older than its file says nothing against it."""
_TRIES = 5


@contextlib.contextmanager
def readable_copy(directory: Path, region_file: Path) -> Iterator[Path]:
    """The run directory itself, or one with copies of a region's file and the journal.

    Raises ``StoreBusy`` when they are written to all the time, and ``StoreError`` when they cannot be copied.
    """
    if _may_write(region_file.parent) or not _lacks_index(region_file):
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="shoal-board-") as name:
        aim = Path(name)
        for file in (region_file, directory / JOURNAL_FILE):
            try:
                _copy(file, aim / file.relative_to(directory))
            except OSError as exc:
                raise describe_os_error(exc, file, "copy (its directory is read-only)") from exc
        yield aim


def _may_write(directory: Path) -> bool:
    return os.access(directory, os.W_OK | os.X_OK)


def _lacks_index(file: Path) -> bool:
    log, index = (file.with_name(file.name + suffix) for suffix in ("-wal", "-shm"))
    return file.exists() and log.exists() and log.stat().st_size > 0 and not index.exists()


def _copy(file: Path, aim: Path) -> None:
    aim.parent.mkdir(exist_ok=True)
    for _ in range(_TRIES):
        before = _stamps(file)
        for suffix in _SIDECARS:
            source = file.with_name(file.name + suffix)
            if source.exists():
                shutil.copyfile(source, aim.with_name(aim.name + suffix))
        if _stamps(file) == before:
            return
    raise StoreBusy(
        f"{file} is being written to, and its directory is read-only for you: copy the run and read that",
        path=str(file),
    )


def _stamps(file: Path) -> list[tuple[int, int]]:
    """What tells whether a file, or its write-ahead log, was written to."""
    found = [file.with_name(file.name + suffix) for suffix in _SIDECARS]
    return [(stat.st_size, stat.st_mtime_ns) for stat in (each.stat() for each in found if each.exists())]
