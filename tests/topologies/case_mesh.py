"""Meshes for the contract: a line of peers that pass things on, and a ring that agrees on the smallest number."""

from __future__ import annotations

import asyncio
from typing import Any

import shoal
from shoal.topologies import Topology
from shoal.topologies.mesh import mesh
from shoal.topologies.peers.messages import MeshResult
from shoal.topologies.peers.peer import Peer
from tests.topologies.case import WAIT_S, Case
from tests.topologies.crew import Ticket


class Passing(Peer):
    """Takes its time, passes on and signs."""

    at_once = 64

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
        await asyncio.sleep(WAIT_S)
        for other in self.neighbours:
            ticket = await self.send(ctx, other, ticket)
        return ticket.model_copy(update={"steps": [*ticket.steps, self.talk.me]})


class Smaller(Peer):
    """Answers the smaller of a number and its neighbours' words about it."""

    at_once = 64

    def __init__(self, share: int) -> None:
        self.share = share

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> int:
        others = await self.send_all(ctx, dict.fromkeys(self.neighbours, int(ticket.text)))
        found: int = min(int(ticket.text) + self.share, *others.values())
        return found

    async def on_number(self, number: int, ctx: shoal.Context) -> int:
        await asyncio.sleep(WAIT_S / 5)
        return number + self.share


def smallest(task: Ticket, answers: dict[str, Any]) -> Ticket:
    return Ticket(text=task.text, steps=[str(answer) for answer in answers.values()])


def make_line() -> Topology:
    return mesh({"a": Passing(), "b": Passing, "c": Passing()}, channels=[("a", "b"), ("b", "c"), ("a", "c")])


def check_line(n: int, answer: Any) -> None:
    assert isinstance(answer, MeshResult)
    assert (answer.reason, answer.turns) == ("answered", {"a": 1, "b": 1, "c": 2})
    assert answer.answers["a"]["text"] == str(n)
    assert answer.answers["a"]["steps"] == ["c", "b", "c", "a"]


def make_ring() -> Topology:
    peers = {f"p{share}": Smaller(share) for share in range(4)}
    return mesh(peers, channels="ring", first="all", rounds=6, again=smallest, turns=200, turns_each=50)


def check_ring(n: int, answer: Any) -> None:
    assert (answer.reason, answer.rounds) == ("converged", 3)
    assert answer.answers == {"p0": n, "p1": n, "p2": n + 1, "p3": n}


def ticket(n: int) -> Ticket:
    return Ticket(text=str(n))


CASES = [
    Case("mesh", make_line, ticket, check_line, victims=("", "b", "c")),
    Case("mesh-rounds", make_ring, ticket, check_ring, victims=("", "p1")),
]
