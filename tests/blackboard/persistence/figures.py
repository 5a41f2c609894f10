"""Measures a SQLite region log: ``python -m tests.blackboard.persistence.figures [DIRECTORY]``, a minute or two.

Writes 1,000,000 versions of 100,000 random keys, 64 a transaction, then 2,000 transactions of one, each put with its
answer; then opens the region with a window of 10,000. Times are of the process's own: others on the machine add theirs.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from shoal.blackboard.packing import pack_result
from shoal.blackboard.persistence import Answer, Owner, RegionReader, SqliteRegionLog
from shoal.blackboard.persistence.sqlite_source import SqliteSource
from shoal.blackboard.results import Written
from shoal.blackboard.version import Value, Version

VERSIONS, KEYS, TOGETHER, SINGLE, WINDOW = 1_000_000, 100_000, 64, 2000, 10_000
OWNER = Owner("session", "figures", 1, sole=True)
_say = Console(width=120).print


class Writer:
    """Puts of random keys."""

    def __init__(self, log: SqliteRegionLog) -> None:
        self.log = log
        self.revision = 0
        self.tending: list[float] = []
        self._dice = random.Random(1)
        self._known: dict[str, Version] = {}

    def _next(self) -> Version:
        self.revision += 1
        key = f"finding/{self._dice.randrange(KEYS):06d}"
        was = self._known.get(key)
        version = Version(
            key, Value("dict", bytes(100)), was.create_revision if was else self.revision, self.revision,
            was.version + 1 if was else 1, "agent/x", self.revision.to_bytes(12, "big"), "task-1", 1.5,
        )  # fmt: skip
        self._known[key] = version
        return version

    def append(self, puts: int) -> float:
        """The seconds that a transaction takes."""
        versions = [self._next() for _ in range(puts)]
        commits = [(version,) for version in versions]
        answers = [
            Answer(v.message_id, v.mod_revision, pack_result(Written(v.mod_revision, v))) for v in versions
        ]
        began = time.process_time()
        self.log.append(commits, answers, 1.0)
        took = time.process_time() - began
        if self.log.wants_tending:
            began = time.process_time()
            self.log.tend()
            self.tending.append(time.process_time() - began)
        return took


class Watch:
    """The process's own seconds since it was made, and those of the wall clock."""

    def __init__(self) -> None:
        self._own, self._wall = time.process_time(), time.perf_counter()

    def __str__(self) -> str:
        return f"{time.process_time() - self._own:.2f} s ({time.perf_counter() - self._wall:.2f} s by the wall clock)"


def measure(directory: Path) -> None:
    """Print the figures."""
    path = directory / "figures.db"
    log = SqliteRegionLog(path, "figures", quick=True)
    log.open(OWNER, 1.0, WINDOW)
    writer, watch = Writer(log), Watch()
    _say(
        f"{TOGETHER} puts: {_us([writer.append(TOGETHER) for _ in range(VERSIONS // TOGETHER)])}; all: {watch}"
    )
    tending = sorted(writer.tending)
    _say(f"tended {len(tending)} times, {_us(tending)}")
    _say(f"one put: {_us([writer.append(1) for _ in range(SINGLE)])}")
    log.close()
    _say(f"{path.stat().st_size / 1e6:,.0f} MB")
    log, watch = SqliteRegionLog(path, "figures", quick=True), Watch()
    saved = log.open(OWNER, 1.0, WINDOW)
    _say(
        f"{len(saved.base):,} entries, {len(saved.commits):,} commits, {len(saved.answers):,} answers: {watch}"
    )
    log.close()
    reader = RegionReader(SqliteSource(path, "figures"), "figures")
    for revision in (VERSIONS // 2, VERSIONS):
        watch = Watch()
        _say(f"{len(list(reader.entries_at(revision))):,} entries at revision {revision:,}: {watch}")
    watch = Watch()
    _say(f"{len(list(reader.history('finding/000001'))):,} versions of a key: {watch}")
    reader.close()


def _us(times: list[float]) -> str:
    ordered = sorted(times)
    best, worst = ordered[len(ordered) // 10], ordered[-len(ordered) // 100]
    return f"{statistics.median(ordered) * 1e6:,.0f} µs (10%: {best * 1e6:,.0f}, 99%: {worst * 1e6:,.0f})"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            measure(Path(temporary))
