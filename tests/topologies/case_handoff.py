"""Handoffs for the contract: three agents in a row, one that bounces, and conversations that stay where they are."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel

import shoal
from shoal.topologies import Topology
from shoal.topologies.handoff import handoff
from shoal.topologies.transfers.transfer import Handed, HandoffRecord, Transfer
from tests.topologies.case import WAIT_S, Case
from tests.topologies.crew import Reply, Ticket


class Record(HandoffRecord):
    answer: Reply


class Desk(shoal.Agent):
    """First to second to third; with tickets that have a 7 the second asks back, and the first knows better then."""

    concurrency = 64

    def __init__(self, name: str) -> None:
        self.name = name

    async def on_ticket(self, ticket: Ticket) -> Reply | Transfer:
        await asyncio.sleep(WAIT_S)
        return Transfer(to="second", goal="answer", reason=f"{ticket.text} is hard", tried=(self.name,))

    async def on_handed(self, handed: Handed) -> Reply | Transfer:
        await asyncio.sleep(WAIT_S)
        if self.name == "third":
            return Reply(text=handed.task["text"], by=self.name, steps=list(handed.tried))
        back = self.name == "second" and "7" in handed.task["text"]
        return Transfer(
            to="first" if back else "third",
            goal=handed.goal,
            reason="not mine",
            tried=(*handed.tried, self.name),
        )


def make_handoff() -> Topology:
    return handoff({name: Desk(name) for name in ("first", "second", "third")}, record=Record)


def check_handoff(n: int, record: Any) -> None:
    assert isinstance(record, Record)
    seen = ["first", "second", "first"] if "7" in str(n) else ["first", "second"]
    assert record.answer == Reply(text=str(n), by="third", steps=seen)
    assert [step.by for step in record.path] == seen
    assert (record.by, record.path[0].reason) == ("third", f"{n} is hard")


class Said(BaseModel):
    who: str
    text: str


class Clerk(shoal.Agent):
    """Hands over to the other; whoever is handed it answers."""

    concurrency = 64

    def __init__(self, name: str) -> None:
        self.name = name

    async def on_said(self, said: Said) -> Reply | Transfer:
        await asyncio.sleep(WAIT_S)
        return Transfer(to="b" if self.name == "a" else "a", goal="answer", reason="your turn")

    async def on_handed(self, handed: Handed) -> Reply | Transfer:
        await asyncio.sleep(WAIT_S)
        return Reply(text=handed.task["text"], by=self.name)


def make_conversations() -> Topology:
    return handoff(a=Clerk("a"), b=Clerk("b"), conversation="who", record=Record)


def check_conversations(n: int, record: Any) -> None:
    """Begun by a, answered by b: a task that is done again begins where it began, although b has it by now."""
    assert record.answer == Reply(text=str(n), by="b")
    assert [(step.by, step.to) for step in record.path] == [("a", "b")]


CASES = [
    Case(
        "handoff", make_handoff, lambda n: Ticket(text=str(n)), check_handoff, victims=("/second", "/third", "")
    ),
    Case(
        "handoff, conversations", make_conversations, lambda n: Said(who=str(n), text=str(n)),
        check_conversations, victims=("/b", ""),
    ),
]  # fmt: skip
