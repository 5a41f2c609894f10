"""Traces of a run that is gone on with: those are sent again of which nobody knows whether they were."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import shoal
from shoal.experiments.running import tracing
from shoal.runtime.journal.resuming import going_on_with
from shoal.runtime.journal.run_directory import JOURNAL_FILE
from tests.experiments.explaining.test_following import Echo, Taken

ENDPOINT = "http://127.0.0.1:4318"


class Sent(Taken):
    """What a collector was sent."""

    def __enter__(self) -> Sent:
        return self

    def __exit__(self, *of: object) -> None:
        """Nothing to close."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    sent = Sent()
    monkeypatch.setattr(tracing, "OtlpExporter", lambda *_, **__: sent)
    return sent


async def session(root: Path, task: str, *, killed: bool = False) -> None:
    """One program that has the run; one that is killed leaves neither its last traces nor the event of its end."""
    output = SimpleNamespace(otlp=None if killed else ENDPOINT)
    path, experiment = root / "r", SimpleNamespace(output=output)
    plan: Any = SimpleNamespace(experiment=experiment, run="r", resume=path.exists(), path=path)
    with going_on_with(path) if path.exists() else contextlib.nullcontext():
        async with tracing.Tracing(plan) as traces, shoal.start("local", run="r", runs_root=root) as system:
            await traces.begin(system.run.path)
            echo = await system.spawn(Echo(), name="echo")
            await system.run.task(echo, "x", task=task)
    if killed:
        with contextlib.closing(sqlite3.connect(path / JOURNAL_FILE)) as journal, journal:
            journal.execute(
                "DELETE FROM events WHERE seq = (SELECT max(seq) FROM events WHERE kind = 'run_finished')"
            )


async def test_what_ended_in_a_session_that_ended_in_order_is_sent_once(tmp_path: Path, sent: Sent) -> None:
    await session(tmp_path, "t-1")
    await session(tmp_path, "t-2")
    assert sent.tasks == ["t-1", "t-2"]


async def test_what_ended_in_killed_sessions_is_sent_by_the_next(tmp_path: Path, sent: Sent) -> None:
    await session(tmp_path, "t-1")
    await session(tmp_path, "t-2", killed=True)
    await session(tmp_path, "t-3", killed=True)
    assert sent.tasks == ["t-1"]
    await session(tmp_path, "t-4")
    assert sorted(sent.tasks) == ["t-1", "t-2", "t-3", "t-4"]
