"""Processes that stand still: found by the watchdog, ended for certain, started again; nothing of them comes late."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Any

import pytest

import shoal
from tests.contract.agents import Block, Blocker
from tests.contract.kill_agents import Clerk, Step, Stepper
from tests.contract.test_kills import ended, read_lines
from tests.contract.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray, pytest.mark.timeout(200)]
STEPS = 100


async def info_of(system: Any, name: str) -> Any:
    return next((info for info in await system._peers.ask_system("hosts") if info.name == name), None)


async def test_a_stopped_process_is_replaced_and_nothing_of_it_comes_late(
    ray_session: str, tmp_path: Path
) -> None:
    async with shoal.start(None, stop_grace_s=0.5, unresponsive_s=1.0, spares=0) as system:
        clerk = await system.spawn(Clerk(str(tmp_path / "clerk")), name="clerk")
        stepper = await system.spawn(Stepper, name="stepper")
        old = await info_of(system, "stepper")
        walking = asyncio.gather(
            *(stepper.ask(Step(number=number, to=clerk), timeout_s=180) for number in range(STEPS))
        )

        async def under_way() -> bool:
            path = tmp_path / "clerk"
            return path.exists() and len(read_lines(path)) > STEPS // 3

        await eventually(under_way)
        os.kill(old.pid, signal.SIGSTOP)

        async def replaced() -> bool:
            now = await info_of(system, "stepper")
            return now is not None and now.generation == 2

        await eventually(replaced)
        with contextlib.suppress(ProcessLookupError):
            os.kill(old.pid, signal.SIGCONT)
        pids = await walking
        assert set(pids) >= {(await info_of(system, "stepper")).pid}

        async def all_written() -> bool:
            return len(read_lines(tmp_path / "clerk")) >= 2 * STEPS

        await eventually(all_written)
        await eventually(lambda: ended({old.pid}))
    assert read_lines(tmp_path / "clerk") == [(0, number) for number in range(2 * STEPS)]


async def test_a_message_that_blocks_its_agent_past_the_limit_costs_it_a_process_and_is_not_tried_again(
    ray_session: str,
) -> None:
    async with shoal.start(
        None,
        stop_grace_s=0.2,
        blocked_loop_s=0.2,
        handler_timeout_s=0.5,
        quarantine_after=1,
        unresponsive_s=2.0,
    ) as system:
        blocker = await system.spawn(Blocker(), name="blocker")
        old = await info_of(system, "blocker")
        with pytest.raises(shoal.errors.Quarantined, match="died 1 times"):
            await blocker.ask(Block(seconds=600.0), timeout_s=150)
        await blocker.ask(Block(seconds=0.0), timeout_s=60)
        now = await info_of(system, "blocker")
        assert now.pid != old.pid
        events = await system._peers.ask_system("events")  # type: ignore[attr-defined]
        assert any("blocks the event loop" in event["reason"] for event in events)
