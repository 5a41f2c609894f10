"""Hooks that misbehave: an agent that will not start or stop as it should holds up nobody, on every host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

import shoal
from shoal.runtime.errors import AgentStartFailed, AgentStopped
from tests.contract.agents import Echo, Text

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray]
Fresh = Callable[[str], str]


class RaisesOnStop(Echo):
    async def on_stop(self, ctx: shoal.Context, reason: str) -> None:
        raise ValueError("no such luck in on_stop")


class HangsOnStop(Echo):
    async def on_stop(self, ctx: shoal.Context, reason: str) -> None:
        await asyncio.Event().wait()


class HangsOnStart(Echo):
    handler_timeout_s = 0.2

    async def on_start(self, ctx: shoal.Context) -> None:
        await asyncio.Event().wait()


@pytest.mark.parametrize("kind", [RaisesOnStop, HangsOnStop])
@pytest.mark.parametrize("alone", [False, True])
async def test_an_on_stop_that_raises_or_never_returns_does_not_keep_its_agent_from_stopping(
    system: shoal.System, crowd: str, fresh: Fresh, kind: type[shoal.Agent], alone: bool
) -> None:
    name, host = fresh("stopping"), None if alone else crowd
    for _ in range(2):
        agent = await system.spawn(kind, name=name, host=host)
        assert await agent.ask(Text(text="here")) == Text(text="here")
        async with asyncio.timeout(60):
            await system.stop(agent)
        with pytest.raises(AgentStopped):
            await agent.ask(Text(text="gone"))


async def test_an_on_start_that_never_returns_fails_its_spawn_at_the_handler_limit(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    for host in (crowd, None):
        with pytest.raises(AgentStartFailed, match="on_start took longer"):
            await system.spawn(HangsOnStart, name=fresh(f"starting-{host}"), host=host)
