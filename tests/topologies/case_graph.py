"""Graphs for the contract: a loop, branches that are taken or not, and a join of the first answer."""

from __future__ import annotations

import asyncio
from typing import Any

import shoal
from shoal.topologies import Topology
from shoal.topologies.graph import graph
from tests.topologies.case import WAIT_S, Case
from tests.topologies.crew import Ticket


class Slow(shoal.Agent):
    """Takes its time and signs."""

    concurrency = 64

    def __init__(self, name: str) -> None:
        self.name = name

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
        await asyncio.sleep(WAIT_S)
        return ticket.model_copy(update={"steps": [*ticket.steps, self.name]})


def is_even(ticket: Ticket) -> bool:
    return int(ticket.text) % 2 == 0


def is_draft(ticket: Ticket) -> bool:
    return ticket.steps.count("write") < 3


def together(answers: dict[str, Ticket]) -> Ticket:
    one = next(iter(answers.values()))
    return Ticket(text=one.text, steps=[step for answer in answers.values() for step in answer.steps[1:]])


def make_branches() -> Topology:
    """All tickets go left, the even ones right, too; then each is written three times."""
    g = graph(left=Slow("left"), right=Slow("right")).node("sort", Slow("sort"), take="all").begin("sort")
    g.edge("sort", "left").edge("sort", "right", when=is_even)
    g.join("both", of=["left", "right"], by=together).edge("both", "write")
    g.node("write", Slow("write"), most=5).edge("write", "write", when=is_draft)
    return g.end("write")


def check_branches(n: int, answer: Any) -> None:
    both = ["left", "right"] if n % 2 == 0 else ["left"]
    assert answer == Ticket(text=str(n), steps=both + ["write"] * 3)


def make_race() -> Topology:
    """The first of two; what it said goes on."""
    g = graph(sort=Slow("sort"), one=Slow("one"), two=Slow("two"), write=Slow("write"))
    g.edge("sort", "one", "two").join("first", of=["one", "two"], need="any").edge("first", "write")
    return g.end("write")


def check_race(n: int, answer: Any) -> None:
    assert answer.text == str(n)
    assert answer.steps in (["sort", "one", "write"], ["sort", "two", "write"])


def ticket(n: int) -> Ticket:
    return Ticket(text=str(n))


CASES = [
    Case("graph", make_branches, ticket, check_branches, victims=("", "right", "write")),
    Case("graph-any", make_race, ticket, check_race, victims=("", "one")),
]
