"""Exporting a run while it runs: what is new is read, each task goes out once, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

import shoal
from shoal.experiments.explaining.errors import ExportFailed
from shoal.experiments.explaining.following import Follower
from shoal.experiments.explaining.gathering import read_trace
from shoal.experiments.explaining.trace import Trace
from shoal.experiments.explaining.trace_records import trace_record
from shoal.runtime.journal.journal import Journal
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.journal.records import SpanRow, TaskEnded, TaskSubmitted, messages_handled, spans_noted
from shoal.runtime.journal.run_directory import RunDirectory

FOREVER = float("inf")


class Taken:
    """An exporter that keeps what it is given, and can be told to fail."""

    def __init__(self) -> None:
        self.traces: list[Trace] = []
        self.failing = False

    def export(self, traces: Iterable[Trace]) -> int:
        if self.failing:
            raise ExportFailed("nobody is there")
        self.traces += list(traces)
        return 0

    @property
    def tasks(self) -> list[str]:
        return [trace.facts.task for trace in self.traces]


class Echo(shoal.Agent):
    """Answers what it is asked."""

    async def on_text(self, text: str) -> str:
        return text


def test_each_task_is_exported_once_as_it_is_read_from_the_journal(run_dir: Path) -> None:
    taken = Taken()
    with Follower(run_dir, taken) as follower:
        assert follower.poll(FOREVER) == 3
        assert follower.poll(FOREVER) == 0
    assert sorted(taken.tasks) == ["t-1", "t-2", "t-bad"]
    with RunReader(run_dir) as reader:
        for trace in taken.traces:
            assert trace_record(trace) == trace_record(read_trace(reader, trace.facts.task))


def test_a_task_is_exported_when_its_last_messages_have_had_time_to_come(run_dir: Path) -> None:
    taken = Taken()
    with RunReader(run_dir) as reader:
        end = min(entry.ended_at or 0.0 for entry in reader.tasks())
    with Follower(run_dir, taken, settle_s=2.0) as follower:
        assert follower.poll(end + 1.9) == 0
        assert follower.poll(end + 2.0) == 1
    assert len(taken.tasks) == 3  # closing exports the rest


def test_what_could_not_be_exported_is_tried_again(run_dir: Path) -> None:
    taken = Taken()
    taken.failing = True
    follower = Follower(run_dir, taken)
    with pytest.raises(ExportFailed):
        follower.poll(FOREVER)
    taken.failing = False
    assert follower.poll(FOREVER) == 3
    follower.close()
    assert len(taken.tasks) == 3


def test_a_resumed_program_exports_what_ends_from_now_on(run_dir: Path) -> None:
    taken = Taken()
    with Follower(run_dir, taken, ended_after=FOREVER) as follower:
        follower.poll(FOREVER)
    assert taken.tasks == []


def test_a_span_that_was_journaled_twice_is_exported_once(tmp_path: Path) -> None:
    message = b"m" * 12
    span: SpanRow = (b"s" * 8, message, "t", "a", "board", "put", 1.5, 0.1, "ok", {"key": "k"})
    with RunDirectory.create("twice", root=tmp_path, settings={"journal": "messages"}, now=1.0) as directory:
        journal = Journal(directory.journal_path)
        journal.append([
            TaskSubmitted("t", "a", "str", b"\xa1x", message, 1.0),
            messages_handled([(message, None, "t", "local", "a", "str", 1, 1.4, 1.0, "done", 0.0, 1, 1)]),
            spans_noted([span]),
            spans_noted([span]),
            TaskEnded("t", "done", "str", b"\xa1x", "", "", {}, 3.0),
        ])  # fmt: skip
        journal.close()
    taken = Taken()
    with Follower(tmp_path / "twice", taken) as follower:
        follower.poll(FOREVER)
    (trace,) = taken.traces
    ids = [node.id for _, node in trace.root.walk()]
    assert len(ids) == len(set(ids)) == 3


async def test_a_run_is_followed_while_it_runs(tmp_path: Path) -> None:
    taken = Taken()
    async with shoal.start("local", run="live", runs_root=tmp_path, journal="messages") as system:
        echo = await system.spawn(Echo(), name="echo")
        follower = Follower(system.run.path, taken)
        assert follower.poll(FOREVER) == 0
        await system.run.task(echo, "a", task="one")
        assert follower.poll(FOREVER) == 1
        await system.run.task(echo, "b", task="two")
        assert follower.poll(FOREVER) == 1
    follower.close()
    assert set(taken.tasks) == {"one", "two"}
    last = {trace.facts.task: trace.root.sums.messages for trace in taken.traces}
    assert last == {"one": 1, "two": 1}  # what came later than the task's end is exported again
