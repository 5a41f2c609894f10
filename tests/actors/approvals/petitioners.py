"""Agents that ask people, and let errors go."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

import shoal
from shoal.actors.approvals import approve, ask_person


class Do(BaseModel):
    """Do this, ``times`` times, each once it is approved."""

    what: Any = None
    times: int = 1
    timeout_s: float | None = None


class Asks(BaseModel):
    """Ask a person."""

    question: str


class Doer(shoal.Agent):
    """Does what is approved; returns the values as they were approved."""

    concurrency = 16
    handler_timeout_s = 3600.0

    async def on_do(self, message: Do, ctx: shoal.Context) -> list[Any]:
        return [
            await approve(
                ctx, title="do sk-123", subject="do", value=message.what, timeout_s=message.timeout_s
            )
            for _ in range(message.times)
        ]

    async def on_asks(self, message: Asks, ctx: shoal.Context) -> str:
        return await ask_person(ctx, message.question)


class Brief(Doer):
    """Has ten seconds."""

    handler_timeout_s = 10.0


class Early(Doer):
    """Asks before there is a message."""

    async def on_start(self, ctx: shoal.Context) -> None:
        await approve(ctx, title="start")
