"""Swarm, for both hosts: a number is halved until only ones are left."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel

import shoal
from shoal.topologies.swarm import swarm
from shoal.topologies.swarming.messages import Published, SwarmResult
from shoal.topologies.wiring.topology import Topology
from tests.topologies.case import WAIT_S, Case


class Pile(BaseModel):
    height: int


class Piles(Published):
    items: list[Pile] = []  # noqa: RUF012
    findings: list[int] = []  # noqa: RUF012


class Splitter(shoal.Agent):
    """Splits a pile in two, after a while."""

    concurrency = 8

    async def on_pile(self, pile: Pile, ctx: shoal.Context) -> Piles:
        await asyncio.sleep(WAIT_S)
        if pile.height == 1:
            return Piles(findings=[1])
        return Piles(items=[Pile(height=pile.height // 2), Pile(height=pile.height - pile.height // 2)])


def team() -> Topology:
    return swarm(Splitter, count=3, lease_s=2.0, backoff_s=0.0, failures_each=None, attempts=10)


def message(number: int) -> Pile:
    return Pile(height=2 + number % 5)


def check(number: int, answer: Any) -> None:
    """Whole, and each item once: nothing is left, and there are as many ones as the pile was high."""
    assert isinstance(answer, SwarmResult)
    height = message(number).height
    assert not answer.partial
    assert answer.findings == [1] * height
    assert (answer.posted, answer.done) == (2 * height - 1, 2 * height - 1)


CASES = [Case("swarm", team, message, check, victims=("", "1"), others=("board/main",))]
