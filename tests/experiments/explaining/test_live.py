"""Traces go out while a run runs, and a collector that is not there costs the run nothing."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

import shoal
from shoal.experiments.explaining.live import traces_exported
from tests.experiments.explaining.test_following import Echo, Taken


async def some_tasks(root: Path, taken: Taken, count: int = 3) -> None:
    """Run some tasks with their traces on the way to an exporter."""
    async with a_system(root) as system:
        echo = await system.spawn(Echo(), name="echo")
        async with traces_exported(system.run.path, taken, every_s=0.01):
            async for _ in system.run.tasks(echo, {f"t{n}": "x" for n in range(count)}):
                await asyncio.sleep(0)


def a_system(root: Path) -> Any:
    """A system on the local host, with a run that journals messages."""
    return shoal.start("local", run="live", runs_root=root, journal="messages")


async def test_what_ended_has_gone_out_when_the_block_is_left(tmp_path: Path) -> None:
    taken = Taken()
    await some_tasks(tmp_path, taken)
    assert set(taken.tasks) == {"t0", "t1", "t2"}


async def test_a_collector_that_is_not_there_is_logged_and_costs_the_run_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taken = Taken()
    taken.failing = True
    with caplog.at_level(logging.WARNING, "shoal.otel"):
        await some_tasks(tmp_path, taken)
    assert "were not sent: nobody is there" in caplog.text
    assert taken.traces == []
