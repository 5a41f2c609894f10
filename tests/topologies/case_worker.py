"""Workers at their work on both hosts: chosen by rule and model, with a task divided in an order, and several
orchestrators."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

import shoal
from shoal.topologies import Topology
from shoal.topologies.work.bandit import Bandit
from shoal.topologies.work.classify import Classified, Classify
from shoal.topologies.work.subtasks import Subtask, Subtasks
from shoal.topologies.worker import worker
from tests.topologies.case import WAIT_S, Case
from tests.topologies.crew import Reply, Ticket


class Sum(BaseModel):
    results: dict[str, int] = {}


class Desk(shoal.Agent):
    """Answers with its name."""

    concurrency = 64

    def __init__(self, name: str) -> None:
        self.name = name

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Reply:
        await asyncio.sleep(WAIT_S)
        return Reply(text=ticket.text, by=self.name)


class Sorter(shoal.Agent):
    """A model: sure of what it is asked."""

    concurrency = 64

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Classified:
        await asyncio.sleep(WAIT_S)
        return Classified(label="odd", confidence=0.9)


def by_number(ticket: Ticket) -> tuple[str, float]:
    """Sure of even numbers; of others it does not know."""
    return ("even", 0.9) if int(ticket.text) % 2 == 0 else ("even", 0.3)


class Divider(shoal.Agent):
    """Makes of n: n, n + 1, and the sum of both."""

    concurrency = 64

    async def on_number(self, n: int, ctx: shoal.Context) -> Subtasks:
        await asyncio.sleep(WAIT_S)
        return Subtasks(
            subtasks=(
                Subtask(id="sum", message=Sum(), needs=("one", "two")),
                Subtask(id="one", message=n, capability="numbers"),
                Subtask(id="two", message=n + 1, priority=1),
            )
        )


class Adder(shoal.Agent):
    concurrency = 64
    capabilities = ("numbers",)

    async def on_number(self, n: int, ctx: shoal.Context) -> int:
        await asyncio.sleep(WAIT_S)
        return n

    async def on_sum(self, asked: Sum, ctx: shoal.Context) -> int:
        await asyncio.sleep(WAIT_S)
        return sum(asked.results.values())


def all_three(n: int, answers: Sequence[int]) -> list[int]:
    return list(answers)


def sorting() -> Topology:
    return worker(
        {"even": Desk("even"), "odd": Desk("odd")}, classify=Classify(by_number, Sorter()), router=Bandit()
    )


def is_sorted(n: int, reply: Any) -> None:
    assert reply == Reply(text=str(n), by="odd" if n % 2 else "even")


def dividing() -> Topology:
    return worker({"a": Adder(), "b": Adder()}, split=Divider(), merge=all_three, record_choices=True)


def is_divided(n: int, answers: Any) -> None:
    assert answers == [2 * n + 1, n, n + 1]


def led_by_two() -> Topology:
    return worker({"a": Adder(), "b": Adder()}, split=Divider(), merge=all_three, orchestrators=2)


CASES = [
    Case("worker, classified", sorting, lambda n: Ticket(text=str(n)), is_sorted, ("", "odd", "classifier")),
    Case("worker, divided", dividing, lambda n: n, is_divided, ("", "a", "decomposer")),
    Case("worker, two orchestrators", led_by_two, lambda n: n, is_divided, ("lead-1", "")),
]
