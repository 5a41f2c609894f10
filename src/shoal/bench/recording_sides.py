"""Sides of the rows about the journal of messages: with and without it, and the journal that is asked."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from shoal.bench.errors import Miscounted
from shoal.bench.shoal_sides import ShoalTell
from shoal.bench.sides import Counts, Outcome, Side, SideFactory, Stage
from shoal.bench.topology_sides import TeamSide
from shoal.bench.topology_teams import TEAMS
from shoal.bench.workload import kilobyte
from shoal.runtime.journal import Journal, RunDirectory, messages_handled, open_run
from shoal.runtime.journal.records import MessageRow
from shoal.runtime.starting import start
from shoal.runtime.system import System

Recorded = Literal["tasks", "messages"]
_BATCH = 1024
_LAST_ROWS_S = 0.3
"""After so long the last messages of a run are with the recorder."""
_UNSETTLED = "SELECT 1 FROM message_batches WHERE tasks IS NULL LIMIT 1"
EVERYWHERE = "everywhere"
"""A task that has one message in each batch."""


class _Recorded:
    """A system with a run of its own, whose journal is out of the way before the next side's turn."""

    def __init__(self, journal: Recorded) -> None:
        self._journal: Recorded = journal
        self._runs = tempfile.TemporaryDirectory(prefix="shoal-bench-")

    async def start(self, **options: Any) -> System:
        """The system."""
        return await start(None, run="bench", runs_root=self._runs.name, journal=self._journal, **options)

    async def settled(self) -> None:
        """Once the recorder has made JSON of everything, which it does when it has time for it."""
        if self._journal == "messages":
            await asyncio.sleep(_LAST_ROWS_S)
            while await asyncio.to_thread(self._behind):  # noqa: ASYNC110 -- it is another process that works
                await asyncio.sleep(0.1)

    def _behind(self) -> bool:
        path = Path(self._runs.name) / "bench" / "journal.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10.0)) as journal:
            return journal.execute(_UNSETTLED).fetchone() is not None

    def remove(self) -> None:
        """The run's files."""
        self._runs.cleanup()


class RecordedTell(ShoalTell):
    """Tells of a kilobyte."""

    def __init__(self, journal: Recorded) -> None:
        super().__init__(None)
        self._recorded = _Recorded(journal)

    async def setup(self, stage: Stage) -> None:
        """The system and the receiver."""
        self._system = await self._recorded.start(ask_timeout_s=120.0)
        await self.hire(self._system)

    async def run(self, count: int) -> Outcome:
        """Tell ``count`` of them; then ask how many were handled."""
        receiver = self._receiver
        before: int = await receiver.ask(0)
        for number in range(count):
            await receiver.tell(kilobyte(number))
        after: int = await receiver.ask(0)
        return Outcome(done=after - before)

    async def settle(self) -> None:
        """Let the journal come to rest."""
        await self._recorded.settled()

    async def teardown(self) -> None:
        """Stop it, and remove what it wrote."""
        await super().teardown()
        self._recorded.remove()


class RecordedTeam(TeamSide):
    """A worker team."""

    def __init__(self, journal: Recorded) -> None:
        super().__init__(None, TEAMS["worker"])
        self._recorded = _Recorded(journal)

    async def begin(self) -> System:
        """With a run of its own."""
        return await self._recorded.start(ask_timeout_s=120.0)

    async def settle(self) -> None:
        """Let the journal come to rest."""
        await self._recorded.settled()

    async def teardown(self) -> None:
        """Stop it, and remove what it wrote."""
        await super().teardown()
        self._recorded.remove()


class LookingUp(Side):
    """A journal that is asked for the messages of one task after the other."""

    counts = Counts(least=20, step=10)

    def __init__(self, messages: int = 1_000_000, tasks: int = 10_000) -> None:
        self._batches, self._tasks = messages // _BATCH, tasks

    async def setup(self, stage: Stage) -> None:
        """Write it."""
        self._runs = tempfile.TemporaryDirectory(prefix="shoal-bench-")
        await asyncio.to_thread(self._write)
        self._reader = open_run("bench", root=self._runs.name)
        self._random = random.Random(1)
        self.remark = f"the journal has {(self._reader.path / 'journal.db').stat().st_size / 1e6:,.0f} MB"

    async def run(self, count: int) -> Outcome:
        """Ask for ``count`` tasks and time each."""
        latencies_s = []
        for number in range(count):
            everywhere = number % 10 == 9
            task = EVERYWHERE if everywhere else f"task-{self._random.randrange(self._tasks)}"
            begun = time.perf_counter()
            found = self._reader.messages(task)
            latencies_s.append(time.perf_counter() - begun)
            if not found or (everywhere and len(found) != self._batches):
                raise Miscounted(f"{len(found)} messages of {task} were found")
        return Outcome(done=count, latencies_s=latencies_s)

    async def teardown(self) -> None:
        """Remove it."""
        self._reader.close()
        self._runs.cleanup()

    def _write(self) -> None:
        with RunDirectory.create("bench", root=self._runs.name, now=time.time()) as directory:
            journal = Journal(directory.journal_path)
            for batch in range(self._batches):
                journal.append([messages_handled([self._row(batch, place) for place in range(_BATCH)])])
            journal.settle()
            journal.close()

    def _row(self, batch: int, place: int) -> MessageRow:
        number = batch * _BATCH + place
        task = EVERYWHERE if place == _BATCH // 2 else f"task-{number % self._tasks}"
        ids = number.to_bytes(12, "big"), max(number - self._tasks, 0).to_bytes(12, "big")
        at = 1.8e9 + number * 1e-5
        return (
            *ids,
            task,
            "team/front",
            "team/1",
            "shoal.bench:Parcel",
            1024,
            at,
            1e-3,
            "done",
            2e-3,
            number % 2,
            1,
        )


NOT_JOURNALED: Mapping[str, SideFactory] = {
    "tell1k": lambda: RecordedTell("tasks"),
    "recorded": lambda: RecordedTeam("tasks"),
}
"""With a journal of tasks alone, by row."""

JOURNALED: Mapping[str, SideFactory] = {
    "tell1k": lambda: RecordedTell("messages"),
    "recorded": lambda: RecordedTeam("messages"),
}
"""With every message in the journal, by row."""

READING: Mapping[str, SideFactory] = {"million": LookingUp}
"""In this process, by row."""
