"""A pipeline at its work: three stages, the middle one twice, and a gate that sends back."""

from __future__ import annotations

import asyncio
from typing import Any

import shoal
from shoal.topologies.review.revision import Revision
from tests.topologies.case import WAIT_S, Case
from tests.topologies.crew import Draft, Editor, Ticket


class Pen(shoal.Agent):
    """Writes too short at first, for every third ticket."""

    concurrency = 64

    async def on_ticket(self, ticket: Ticket) -> Draft:
        await asyncio.sleep(WAIT_S)
        return Draft(text="" if int(ticket.text) % 3 == 0 else ticket.text, steps=[*ticket.steps, "pen"])

    async def on_revision(self, revision: Revision) -> Draft:
        await asyncio.sleep(WAIT_S)
        return Draft(text=revision.task["text"], steps=[*revision.task["steps"], "pen again"])


async def sort_in(ticket: Ticket) -> Ticket:
    await asyncio.sleep(WAIT_S)
    return ticket.model_copy(update={"steps": ["sorted"]})


def written(draft: Draft) -> bool:
    return bool(draft.text)


def team() -> shoal.Topology:
    gates = {"write": shoal.gate(written, back_to="write")}
    return shoal.pipeline(
        sort=shoal.function_agent(sort_in, concurrency=64), write=Pen(), edit=Editor(),
        gates=gates, replicas={"write": 2},
    )  # fmt: skip


def check(number: int, reply: Any) -> None:
    pen = "pen again" if number % 3 == 0 else "pen"
    assert (reply.text, reply.steps) == (str(number), ["sorted", pen, "editor"])


CASES = [
    Case("pipeline", team, lambda number: Ticket(text=str(number)), check, victims=("/sort", "/write/1", ""))
]
