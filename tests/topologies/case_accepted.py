"""Accepted, for the contract: a check, two verifiers of which one is enough, and an answer that goes back."""

from __future__ import annotations

import asyncio
from typing import Any

import shoal
from shoal.actors.llm.validators import Verdict
from shoal.topologies import Topology
from shoal.topologies.accepted import accepted
from shoal.topologies.review.revision import Proposal, Revision
from tests.topologies.case import WAIT_S, Case
from tests.topologies.crew import Draft, Ticket


class Doer(shoal.Agent):
    """Odd ones are right the second time."""

    concurrency = 64

    async def on_ticket(self, ticket: Ticket) -> dict[str, Any]:
        await asyncio.sleep(WAIT_S)
        return {"text": ticket.text if int(ticket.text) % 2 else f"{ticket.text}!"}

    async def on_revision(self, revision: Revision) -> dict[str, Any]:
        await asyncio.sleep(WAIT_S)
        return {"text": f"{revision.task['text']}!", "steps": [one.by for one in revision.objections]}


class Verifier(shoal.Agent):
    concurrency = 64

    def __init__(self, name: str, kind: bool) -> None:
        self.name, self.kind = name, kind

    async def on_proposal(self, case: Proposal) -> Verdict:
        await asyncio.sleep(WAIT_S)
        return Verdict(good=self.kind, why="never", evidence=[case.answer["text"]])


def marked(draft: Draft) -> bool:
    return draft.text.endswith("!")


def make_accepted() -> Topology:
    return accepted(
        Doer(), returns=Draft, checks=[marked], need=1,
        verifiers={"kind": Verifier("kind", True), "strict": Verifier("strict", False)},
    )  # fmt: skip


def check_accepted(n: int, draft: Any) -> None:
    assert draft == Draft(text=f"{n}!", steps=["marked", "strict"] if n % 2 else [])


CASES = [
    Case(
        "accepted", make_accepted, lambda n: Ticket(text=str(n)), check_accepted,
        victims=("/doer", "/kind", ""),
    )
]  # fmt: skip
