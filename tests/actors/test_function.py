"""Agents as functions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import shoal
from shoal.runtime.errors import ConfigError


async def double(n: int) -> int:
    return 2 * n


async def whoami(text: str, ctx: shoal.Context) -> str:
    return ctx.address


async def test_a_function_is_an_agent_with_or_without_the_context() -> None:
    async with shoal.start("local") as system:
        assert await (await system.spawn(double)).ask(4) == 8
        assert await (await system.spawn(whoami, name="me")).ask("") == "me"


async def test_a_function_is_named_after_itself_unless_told_otherwise() -> None:
    async with shoal.start("local") as system:
        assert (await system.spawn(double)).address == "double-1"
        assert (await system.spawn(shoal.function_agent(double))).address == "double-2"


async def test_options_of_a_function_hold() -> None:
    running, both = 0, asyncio.Event()

    async def meet(n: int) -> int:
        nonlocal running
        running += 1
        if running == 2:
            both.set()
        await both.wait()
        return n

    async with shoal.start("local") as system:
        ref = await system.spawn(lambda: shoal.function_agent(meet, concurrency=2))
        assert list(await asyncio.gather(ref.ask(1), ref.ask(2))) == [1, 2]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"concurrency": 0}, "double.concurrency is 0"),
        ({"mailbox": -1}, "double.mailbox is -1"),
        ({"handler_timeout_s": 0}, "double.handler_timeout_s is 0"),
    ],
)
def test_options_that_cannot_be_are_refused_at_once(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        shoal.function_agent(double, **options)


def test_a_function_that_can_handle_nothing_is_refused_at_once() -> None:
    def blocks(n: int) -> int:
        return n

    with pytest.raises(ConfigError, match="blocks must be an `async def`"):
        shoal.function_agent(blocks)  # type: ignore[arg-type]
