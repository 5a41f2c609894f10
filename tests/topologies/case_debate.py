"""A debate for the contract: two rounds or three, and one that a judge ends."""

from __future__ import annotations

import asyncio
from typing import Any

import shoal
from shoal.actors.llm.validators import Judgement, Verdict
from shoal.topologies import Topology
from shoal.topologies.debate import debate
from shoal.topologies.review.debate_record import DebateRecord
from shoal.topologies.review.revision import Decision, Dispute, Revision
from tests.topologies.case import WAIT_S, Case
from tests.topologies.crew import Draft, Ticket


class Again(Revision):
    task: Ticket
    draft: Draft


class DraftRecord(DebateRecord):
    answer: Draft


class Maker(shoal.Agent):
    """A mark more each time."""

    concurrency = 64

    async def on_ticket(self, ticket: Ticket) -> Draft:
        await asyncio.sleep(WAIT_S)
        return Draft(text=ticket.text)

    async def on_again(self, again: Again) -> Draft:
        await asyncio.sleep(WAIT_S)
        said = [one.by for one in again.objections]
        return Draft(text=f"{again.draft.text}!", steps=[*again.draft.steps, *said])


class Wants(shoal.Agent):
    """So many marks; from tickets that end in 9, more than anybody makes."""

    concurrency = 64

    def __init__(self, count: int) -> None:
        self.count = count

    async def on_draft(self, draft: Draft) -> Verdict:
        await asyncio.sleep(WAIT_S)
        good = draft.text.count("!") >= self.count and "9" not in draft.text
        return Verdict(good=good, why="more", evidence=[draft.text])


async def shown(case: Judgement) -> Verdict:
    """Agrees, with the task as evidence."""
    return Verdict(good=True, evidence=[case.question])


class Judge(shoal.Agent):
    concurrency = 64

    async def on_dispute(self, dispute: Dispute) -> Decision:
        await asyncio.sleep(WAIT_S)
        return Decision(draft=2, why="the middle one")


def make_debate() -> Topology:
    return debate(
        Maker(), one=Wants(1), two=Wants(2), shown=shoal.function_agent(shown, concurrency=64), judge=Judge(),
        record=DraftRecord,
    )  # fmt: skip


def check_debate(n: int, record: Any) -> None:
    assert isinstance(record, DraftRecord)
    assert len(record.rounds) == 3
    objected = [[one.by for one in made.objections] for made in record.rounds]
    if "9" in str(n):
        assert (record.ended, record.why, record.answer.text) == ("judge", "the middle one", f"{n}!")
        assert objected == [["one", "two"]] * 3
    else:
        assert record.ended == "accepted"
        assert record.answer == Draft(text=f"{n}!!", steps=["one", "two", "two"])
        assert objected == [["one", "two"], ["two"], []]


CASES = [
    Case(
        "debate", make_debate, lambda n: Ticket(text=str(n)), check_debate,
        victims=("/maker", "/two", "/judge", ""),
    )
]  # fmt: skip
