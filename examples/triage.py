"""Support tickets, labelled by two desks and a fallback.

It prints::

    charged twice                 -> billing (0.9)
    the app crashes at start      -> technical (0.8)
    you are great                 -> other (0.1)
    refused: an ask to nobody is AgentNotFound

Run it: ``python examples/triage.py``.
"""

import asyncio

from pydantic import BaseModel

import shoal


class Ticket(BaseModel):
    text: str
    topic: str


class Label(BaseModel):
    label: str
    confidence: float


class Desk(shoal.Agent):
    """Labels what its words are in."""

    def __init__(self, label: str, words: tuple[str, ...], sure: float) -> None:
        self.label, self.words, self.sure = label, words, sure

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Label:
        known = any(word in ticket.text for word in self.words)
        return Label(label=self.label, confidence=self.sure if known else 0.1)


DESKS = shoal.worker(
    {
        "money": Desk("billing", ("charged", "invoice"), 0.9),
        "code": Desk("technical", ("crashes", "error"), 0.8),
        "rest": Desk("other", (), 0.1),
    },
    router=shoal.ByField("topic"),
    fallback="rest",
)
TICKETS = [
    Ticket(text="charged twice", topic="money"),
    Ticket(text="the app crashes at start", topic="code"),
    Ticket(text="you are great", topic="praise"),
]


async def main() -> None:
    async with shoal.start() as system:  # "local" for one process, "auto" for a cluster
        team = await system.build(DESKS, name="triage")
        labels = await asyncio.gather(*(team.ask(ticket, timeout_s=10) for ticket in TICKETS))
        for ticket, label in zip(TICKETS, labels, strict=True):
            print(f"{ticket.text:<29} -> {label.label} ({label.confidence})")
        try:
            await system.ref("nobody").ask(TICKETS[0])
        except shoal.errors.Refused as error:
            print(f"refused: an ask to nobody is {type(error).__name__}")


if __name__ == "__main__":
    asyncio.run(main())
