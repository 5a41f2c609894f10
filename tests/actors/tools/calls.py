"""Shared by the tests of tools: one step of tool calls, made by an agent in a local system."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ray import cloudpickle

import shoal
from shoal.models.chat import ToolCall

Handler = Callable[[shoal.Context], Awaitable[Any]]


def call(name: str, arguments: str = "{}", number: int = 1) -> ToolCall:
    """A call as a model makes it."""
    return ToolCall(id=f"call_{number}", name=name, arguments=arguments)


async def inside(handler: Handler, *, times: int = 1) -> Any:
    """What the handler gives inside an agent; the last of several messages' when it is told more than one."""
    result: list[Any] = []

    async def agent(message: int, ctx: shoal.Context) -> None:
        result.append(await handler(ctx))

    async with shoal.start("local") as system:
        ref = await system.spawn(agent)
        for number in range(times):
            await ref.ask(number, timeout_s=30)
    return result[-1]


def packed(value: Any) -> bytes:
    """A value as agents travel to another process."""
    made: bytes = cloudpickle.dumps(value)  # type: ignore[no-untyped-call]
    return made


def travelled(value: Any) -> Any:
    """A value as it arrives in another process."""
    return cloudpickle.loads(packed(value))
