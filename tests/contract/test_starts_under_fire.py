"""Agents that are being started while what starts them is killed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import shoal
from tests.contract.agents import Echo, Text
from tests.contract.test_kills import kill_system_actor
from tests.contract.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray]


class StartsWhenAllowed(Echo):
    """Says that it starts, and goes on when it may."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def on_start(self, ctx: shoal.Context) -> None:
        (self.folder / ctx.address).touch()
        await all_there(self.folder, "go on")


async def all_there(folder: Path, *names: str) -> None:
    async def there() -> bool:
        return all((folder / name).exists() for name in names)

    await eventually(there)


@pytest.mark.parametrize("spares", [0, 1])
async def test_agents_come_up_while_the_systems_own_actor_is_killed(
    ray_session: str, tmp_path: Path, spares: int
) -> None:
    names = ["first", "second"]
    async with asyncio.timeout(60), shoal.start(None, spares=spares) as system:
        spawned = [
            asyncio.ensure_future(system.spawn(StartsWhenAllowed(tmp_path), name=name)) for name in names
        ]
        await all_there(tmp_path, *names)
        await kill_system_actor(system)
        (tmp_path / "go on").touch()
        for agent in await asyncio.gather(*spawned):
            assert await agent.ask(Text(text="there?")) == Text(text="there?")
            await system.stop(agent)
        again = await system.spawn(Echo, name="first")
        assert await again.ask(Text(text="again")) == Text(text="again")
