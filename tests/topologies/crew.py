"""Messages and agents that the topologies' tests wire up. Importable by the hosts' processes too."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel

import shoal


class Ticket(BaseModel):
    text: str
    skill: str = ""
    steps: list[str] = []


class Invoice(BaseModel):
    amount: int


class Draft(BaseModel):
    text: str
    steps: list[str] = []


class Reply(BaseModel):
    text: str
    by: str
    steps: list[str] = []


class Bundle(BaseModel):
    texts: list[str]


class Worker(shoal.Agent):
    """Answers tickets with its name."""

    def __init__(self, name: str = "worker") -> None:
        self.name = name

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Reply:
        return Reply(text=ticket.text, by=self.name)


class Biller(shoal.Agent):
    capabilities = ("billing", "refunds")

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Reply:
        return Reply(text=ticket.text, by="biller")

    async def on_invoice(self, invoice: Invoice, ctx: shoal.Context) -> Reply:
        return Reply(text=str(invoice.amount), by="biller")


class Catcher(shoal.Agent):
    """Takes whatever comes."""

    async def on_any(self, message: Any, ctx: shoal.Context) -> Reply:
        return Reply(text=type(message).__name__, by="catcher")


class Step(shoal.Agent):
    """A stage from ticket to ticket that signs it."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
        return ticket.model_copy(update={"steps": [*ticket.steps, self.name]})


class Writer(shoal.Agent):
    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Draft:
        return Draft(text=ticket.text, steps=[*ticket.steps, "writer"])


class Editor(shoal.Agent):
    async def on_draft(self, draft: Draft, ctx: shoal.Context) -> Reply:
        return Reply(text=draft.text, by="editor", steps=[*draft.steps, "editor"])


class Failing(shoal.Agent):
    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
        raise ValueError(f"cannot do {ticket.text}")


class BadStart(shoal.Agent):
    async def on_start(self, ctx: shoal.Context) -> None:
        raise ValueError("no such luck in on_start")

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
        return ticket


class Mute(shoal.Agent):
    """Handles nothing: a mistake."""


class Gate:
    """Where a test and the agents of its own process meet."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0
        self.arrived = asyncio.Condition()
        self.open = asyncio.Event()
        self.cancelled: list[str] = []
        self.called_off = asyncio.Event()
        self.deadlines: list[float | None] = []

    def __deepcopy__(self, memo: dict[int, Any]) -> Gate:
        return self  # the copy that a start makes of its agent meets here too

    async def pass_through(self) -> None:
        """Count, and wait until the gate is open."""
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            async with self.arrived:
                self.arrived.notify_all()
            await self.open.wait()
        finally:
            self.running -= 1

    async def until_running(self, count: int) -> None:
        """Wait until so many are held."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: self.running >= count)

    async def until_cancelled(self) -> None:
        """Wait until one who was held is cancelled."""
        async with asyncio.timeout(30):
            await self.called_off.wait()


class Held(shoal.Agent):
    """Waits at a gate; one whose text is ``fast`` walks around it."""

    concurrency = 64

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
        self.gate.deadlines.append(ctx.deadline)
        if ticket.text != "fast":
            try:
                await self.gate.pass_through()
            except asyncio.CancelledError:
                self.gate.cancelled.append(ctx.address)
                self.gate.called_off.set()
                raise
        return ticket


async def polish(draft: Draft) -> Draft:
    """A function as a stage."""
    return Draft(text=draft.text.strip(), steps=[*draft.steps, "polish"])
