"""Handlers and hooks that end in ways of their own: an error, in bounded time, on every host."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable

import pytest
from pydantic import BaseModel

import shoal
from shoal.runtime.errors import AgentStartFailed, AgentStopped, HandlerError
from tests.contract.agents import Echo, Text
from tests.contract.waiting import letters_to

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray]
Fresh = Callable[[str], str]


class Strange(BaseException):
    """What other libraries end tasks with."""


class End(BaseModel):
    how: str


class Ending(Echo):
    async def on_end(self, end: End, ctx: shoal.Context) -> None:
        if end.how == "exit":
            sys.exit(3)
        if end.how == "strange":
            raise Strange("as it likes")
        if end.how == "generator":
            raise GeneratorExit


class ExitsOnStart(Echo):
    async def on_start(self, ctx: shoal.Context) -> None:
        sys.exit(3)


class ExitsOnStop(Echo):
    async def on_stop(self, ctx: shoal.Context, reason: str) -> None:
        sys.exit(3)


async def cling() -> None:
    """Goes on after it was cancelled; only a second time it is enough."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    await asyncio.Event().wait()


class ClingsOnStart(Echo):
    handler_timeout_s = 0.2

    async def on_start(self, ctx: shoal.Context) -> None:
        await cling()


class ClingsOnStop(Echo):
    async def on_stop(self, ctx: shoal.Context, reason: str) -> None:
        await cling()


@pytest.mark.parametrize("how", ["exit", "strange", "generator"])
async def test_however_a_handler_ends_its_asker_is_told_and_a_tell_is_buried(
    system: shoal.System, crowd: str, fresh: Fresh, how: str
) -> None:
    ending = await system.spawn(Ending, name=fresh("ending"), host=crowd)
    with pytest.raises(HandlerError):
        await ending.ask(End(how=how), timeout_s=20)
    await ending.tell(End(how=how))
    (letter,) = await letters_to(system, ending)
    assert letter.reason == "handler_error"
    assert await ending.ask(Text(text="alive")) == Text(text="alive")


@pytest.mark.parametrize("kind", [ExitsOnStart, ClingsOnStart])
@pytest.mark.parametrize("alone", [False, True])
async def test_an_on_start_that_exits_or_clings_fails_its_spawn(
    system: shoal.System, crowd: str, fresh: Fresh, kind: type[shoal.Agent], alone: bool
) -> None:
    async with asyncio.timeout(30):
        with pytest.raises(AgentStartFailed):
            await system.spawn(kind, name=fresh("starting"), host=None if alone else crowd)


@pytest.mark.parametrize("kind", [ExitsOnStop, ClingsOnStop])
@pytest.mark.parametrize("alone", [False, True])
async def test_an_on_stop_that_exits_or_clings_does_not_keep_its_agent_from_stopping(
    system: shoal.System, crowd: str, fresh: Fresh, kind: type[shoal.Agent], alone: bool
) -> None:
    agent = await system.spawn(kind, name=fresh("stopping"), host=None if alone else crowd)
    async with asyncio.timeout(30):
        await system.stop(agent)
    with pytest.raises(AgentStopped):
        await agent.ask(Text(text="gone"))
