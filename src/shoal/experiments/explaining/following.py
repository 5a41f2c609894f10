"""Exports the traces of a run while it runs: reads what is new in its journal, and hands on tasks that ended.

A task is exported two seconds after its end, so that the last messages of other hosts, which come a tenth of a second
late, are in its trace. One on which work went on for longer is exported again when the follower is closed, with the
same ids. What cannot be exported is kept and tried again at the next look.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Protocol

from shoal.experiments.explaining.gathering import read_trace, run_events, task_facts
from shoal.experiments.explaining.journal_news import JournalNews
from shoal.experiments.explaining.trace import Trace, make_trace
from shoal.runtime.journal.entries import MessageEntry, SpanEntry
from shoal.runtime.journal.happenings import DEAD_LETTER
from shoal.runtime.journal.ledger import TaskEntry
from shoal.runtime.journal.reader import EventEntry, RunReader

SETTLE_S = 2.0
_MOST_KEPT = 200_000
"""Messages and spans of tasks that have not ended; beyond them a task is read anew when it has."""
_AT_ONCE = 64
_MOST_LETTERS = 10_000


class Exporter(Protocol):
    """Takes traces of tasks that ended: :class:`~shoal.experiments.explaining.otel.OtlpExporter`, or a test's."""

    def export(self, traces: Iterable[Trace]) -> int:
        """Take these; how many spans they were. Raises :class:`ExportFailed` when they were not taken."""
        ...


class Follower:
    """Of one run. It blocks while it reads and exports: call it from a thread. Not for several threads at once."""

    def __init__(
        self, run: Path, exporter: Exporter, *, ended_after: float = 0.0, settle_s: float = SETTLE_S
    ) -> None:
        """``run``: its directory. ``ended_after``: tasks that ended before that second were exported already.

        Raises ``RunNotFound`` and ``StoreError``.
        """
        self.exported = 0
        """Tasks that were exported."""
        self._path = run
        self._exporter = exporter
        self._ended_after = ended_after
        self._settle_s = settle_s
        self._news = JournalNews(run)
        self._reader: RunReader | None = None
        self._kept: dict[str, tuple[list[MessageEntry], list[SpanEntry]]] = {}
        self._count = 0
        self._waiting: dict[str, TaskEntry] = {}
        self._done: set[str] = set()
        self._again: set[str] = set()
        """Exported tasks with later news, and those whose rows were too many to be kept."""

    def poll(self, now: float) -> int:
        """Look for news, and export what ended ``settle_s`` before ``now``, wall-clock seconds; how many tasks.

        Raises :class:`ExportFailed`, after which the same tasks are tried at the next look, and ``StoreError``.
        """
        self._read()
        due = [entry for entry in self._waiting.values() if (entry.ended_at or 0.0) + self._settle_s <= now]
        for begin in range(0, len(due), _AT_ONCE):
            self._export(due[begin : begin + _AT_ONCE])
        return len(due)

    def close(self) -> None:
        """Export what has ended, however lately, and what had news after its export. Closing twice is fine."""
        try:
            self.poll(float("inf"))
            again = sorted(self._again & self._done)
            for begin in range(0, len(again), _AT_ONCE):
                reader = self._open()
                some = again[begin : begin + _AT_ONCE]
                self._exporter.export([read_trace(reader, task) for task in some])
                self._again.difference_update(some)
        finally:
            self._news.close()
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    def __enter__(self) -> Follower:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> None:
        ended = self._news.ended()  # first: what comes meanwhile belongs to tasks that end later
        for message in self._news.messages():
            if message.task is not None:
                self._keep(message.task)[0].append(message)
        for span in self._news.spans():
            if span.task is not None:
                self._keep(span.task)[1].append(span)
        for entry in ended:
            if (entry.ended_at or 0.0) > self._ended_after:
                self._waiting[entry.task] = entry
                if entry.task in self._done:
                    self._again.add(entry.task)
            else:
                self._forget(entry.task)

    def _keep(self, task: str) -> tuple[list[MessageEntry], list[SpanEntry]]:
        if task in self._done or task in self._again:
            self._again.add(task)
            return [], []
        if task not in self._kept:
            if self._count >= _MOST_KEPT:
                oldest = next(iter(self._kept))
                self._forget(oldest)
                self._again.add(oldest)
            self._kept[task] = [], []
        self._count += 1
        return self._kept[task]

    def _forget(self, task: str) -> None:
        messages, spans = self._kept.pop(task, ((), ()))
        self._count -= len(messages) + len(spans)

    def _export(self, due: list[TaskEntry]) -> None:
        reader = self._open()
        upsets, dropped = run_events(reader)
        traces = [self._trace(reader, entry, upsets, dropped) for entry in due]
        self._exporter.export(traces)
        self.exported += len(due)
        for entry in due:
            del self._waiting[entry.task]
            self._done.add(entry.task)
            self._again.discard(entry.task)
            self._forget(entry.task)

    def _trace(
        self, reader: RunReader, entry: TaskEntry, upsets: list[EventEntry], dropped: list[EventEntry]
    ) -> Trace:
        if entry.task in self._again:
            return read_trace(reader, entry.task)
        messages, spans = self._kept.get(entry.task, ([], []))
        letters = reader.events(task=entry.task, kind=DEAD_LETTER, limit=_MOST_LETTERS)
        return make_trace(task_facts(reader, entry, dropped), messages, spans, [*letters, *upsets])

    def _open(self) -> RunReader:
        if self._reader is None:
            self._reader = RunReader(self._path)
        return self._reader
