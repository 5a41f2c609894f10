"""The system that the topologies' tests run on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

import shoal


@pytest_asyncio.fixture
async def system() -> AsyncIterator[shoal.System]:
    """The local one, every message through the codec as between processes."""
    async with shoal.start("local", isolate=True, stop_grace_s=0.2) as running:
        yield running


async def agents_running(system: shoal.System) -> int:
    """How many agents the system has."""
    return sum(host["agents"] for host in await system.health())
