"""Items and agents that the tests of swarms share."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

import shoal
from shoal.topologies.swarming.messages import Published


class Number(BaseModel):
    n: int


class Word(BaseModel):
    text: str


class Halves(Published):
    items: list[Number] = []  # noqa: RUF012


async def halve(number: Number) -> Halves:
    """Halves a number until it is one."""
    if number.n <= 1:
        return Halves(findings=[number.n])
    return Halves(items=[Number(n=number.n // 2), Number(n=number.n - number.n // 2)])


async def square(number: Number) -> int:
    return number.n**2


async def fail(number: Number) -> int:
    raise ValueError(f"cannot do {number.n}")


async def endless(number: Number) -> Halves:
    return Halves(items=[Number(n=number.n + 1), Number(n=number.n + 2)])


def numbers(many: list) -> list[Number]:  # type: ignore[type-arg]
    return [Number(n=n) for n in many]


async def ask(system: shoal.System, topology: Any, message: Any, **options: Any) -> Any:
    return await (await system.build(topology)).ask(message, timeout_s=60, **options)


async def until_tidy(board: shoal.Board) -> None:
    """Ask until no task has a key."""
    for _ in range(5000):
        if not await board.range("swarm/", limit=1):
            return
    pytest.fail("a task's keys are still on the board")
