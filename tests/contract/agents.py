"""The agents and messages of the contract suite. Importable by the hosts' processes too."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from pydantic import BaseModel, Field

import shoal
from shoal.runtime.delivery import Delivery
from shoal.runtime.mailbox import Mailbox


class Text(BaseModel):
    text: str


class Number(BaseModel):
    n: int


class Loose(BaseModel):
    """Carries whatever it is given."""

    value: Any = None


class Unheard(BaseModel):
    """No agent here handles this."""

    text: str = ""


@shoal.message("contract.order")
class Order(BaseModel):
    """An order as the agents know it."""

    item: str
    quantity: int


@shoal.message("contract.order")
class OtherOrder(BaseModel):
    """The same message as a sender of another version knows it."""

    item: str
    quantity: str


class Note(BaseModel):
    text: str


class Notes(BaseModel):
    """Ask a stage for its notes once there are ``count`` of them."""

    count: int = 0


class Pass(BaseModel):
    """Ask a stage: answered once the gate is open."""

    gate: str


class Arrived(BaseModel):
    """Ask a stage: answered once ``count`` asks wait at the gate."""

    gate: str
    count: int = 1


class Open(BaseModel):
    gate: str


class Stage(shoal.Agent):
    """Where tests and agents meet, so that no test has to sleep: notes that can be waited for, and gates."""

    concurrency = 10_000
    mailbox = 10_000

    async def on_start(self, ctx: shoal.Context) -> None:
        self.notes: list[str] = []
        self.open: set[str] = set()
        self.waiting: dict[str, int] = {}
        self.changed = asyncio.Condition()

    async def _tell_all(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def on_note(self, note: Note, ctx: shoal.Context) -> None:
        self.notes.append(note.text)
        await self._tell_all()

    async def on_notes(self, wanted: Notes, ctx: shoal.Context) -> list[str]:
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.notes) >= wanted.count)
        return list(self.notes)

    async def on_pass(self, gate: Pass, ctx: shoal.Context) -> None:
        self.waiting[gate.gate] = self.waiting.get(gate.gate, 0) + 1
        await self._tell_all()
        async with self.changed:
            await self.changed.wait_for(lambda: gate.gate in self.open)

    async def on_arrived(self, wanted: Arrived, ctx: shoal.Context) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.waiting.get(wanted.gate, 0) >= wanted.count)

    async def on_open(self, gate: Open, ctx: shoal.Context) -> None:
        self.open.add(gate.gate)
        await self._tell_all()


class Echo(shoal.Agent):
    """Answers each kind of message with the name of the handler that took it, and the message."""

    async def on_text(self, message: Text, ctx: shoal.Context) -> Text:
        return message

    async def on_number_or_loose(self, message: Number | Loose, ctx: shoal.Context) -> list[str]:
        return ["union", type(message).__name__]

    async def on_order(self, order: Order, ctx: shoal.Context) -> int:
        return order.quantity

    async def on_native(
        self, message: int | str | bytes | list[Any] | dict[str, Any], ctx: shoal.Context
    ) -> list[Any]:
        return ["native", message]


class Fail(BaseModel):
    text: str


class Hold(BaseModel):
    """The handler waits at its stage's gate."""

    gate: str = "hold"


class Hang(BaseModel):
    """The handler never returns."""


class Seen(BaseModel):
    """Ask a player what it has seen."""


class Relay(BaseModel):
    """Ask the first of ``route`` the same with the rest; the last waits at the gate, if there is one."""

    route: list[shoal.Ref] = Field(default_factory=list)
    gate: str | None = None


class Forward(BaseModel):
    """Told on to ``to`` for ever."""

    to: shoal.Ref


class Answer(BaseModel):
    """The handler tells ``to`` a note."""

    to: shoal.Ref
    text: str


class Player(shoal.Agent):
    """Does what the messages say and remembers it."""

    def __init__(self, stage: shoal.Ref) -> None:
        self.stage = stage
        self.seen: list[str] = []

    async def on_note(self, note: Note, ctx: shoal.Context) -> None:
        self.seen.append(note.text)

    async def on_seen(self, message: Seen, ctx: shoal.Context) -> list[str]:
        return self.seen

    async def on_fail(self, message: Fail, ctx: shoal.Context) -> None:
        raise ValueError(message.text)

    async def on_hold(self, message: Hold, ctx: shoal.Context) -> str:
        return await self._hold(message.gate, ctx)

    async def _hold(self, gate: str, ctx: shoal.Context) -> str:
        try:
            await ctx.ask(self.stage, Pass(gate=gate), timeout_s=60)
        except asyncio.CancelledError:
            self.seen.append("cancelled")
            raise
        self.seen.append("passed")
        return "passed"

    async def on_hang(self, message: Hang, ctx: shoal.Context) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.seen.append("cancelled")
            raise

    async def on_relay(self, message: Relay, ctx: shoal.Context) -> str:
        if not message.route:
            return await self._hold(message.gate, ctx) if message.gate else "end"
        first, *rest = message.route
        try:
            answer: str = await ctx.ask(first, Relay(route=rest, gate=message.gate))
        except asyncio.CancelledError:
            self.seen.append("cancelled")
            raise
        return answer

    async def on_forward(self, message: Forward, ctx: shoal.Context) -> None:
        await ctx.tell(message.to, Forward(to=ctx.self))

    async def on_answer(self, message: Answer, ctx: shoal.Context) -> None:
        await message.to.tell(Note(text=message.text))

    async def on_stop(self, ctx: shoal.Context, reason: str) -> None:
        await self.stage.tell(Note(text=f"{ctx.address} stopped"))


class Narrow(Player):
    """A player with room for four."""

    mailbox = 4


class Refusing(Player):
    mailbox = 2
    overflow = shoal.Overflow.REJECT


class Forgetting(Player):
    mailbox = 2
    overflow = shoal.Overflow.DROP_OLDEST


class Wide(Player):
    concurrency = 3


class Impatient(Player):
    handler_timeout_s = 0.2


class Parent(Player):
    async def on_text(self, message: Text, ctx: shoal.Context) -> str:
        """Start a child in this agent's own host."""
        host = ctx.address.rpartition("@")[2] if "@" in ctx.address else None
        return (await ctx.spawn(Player(self.stage), name=message.text, host=host)).address


class Tally(BaseModel):
    count: int = 0


class Counter(shoal.Agent):
    state: Tally

    async def on_number(self, message: Number, ctx: shoal.Context) -> int:
        self.state.count += message.n
        return self.state.count


class BadConstructor(shoal.Agent):
    def __init__(self) -> None:
        raise ValueError("no such luck in __init__")

    async def on_text(self, message: Text, ctx: shoal.Context) -> None: ...


class BadStart(shoal.Agent):
    async def on_start(self, ctx: shoal.Context) -> None:
        raise ValueError("no such luck in on_start")

    async def on_text(self, message: Text, ctx: shoal.Context) -> None: ...


class Block(BaseModel):
    seconds: float


class Blocker(shoal.Agent):
    async def on_block(self, message: Block, ctx: shoal.Context) -> None:
        time.sleep(message.seconds)  # noqa: ASYNC251 - the fault under test


class Sized(shoal.Agent):
    """Says how much came, or answers with as much as is wanted."""

    async def on_bytes(self, data: bytes, ctx: shoal.Context) -> int:
        return len(data)

    async def on_number(self, wanted: Number, ctx: shoal.Context) -> bytes:
        return bytes(wanted.n)


async def add(numbers: list[int]) -> int:
    """A function agent that says of what its lists are."""
    return sum(numbers)


async def shout(message: str, ctx: shoal.Context) -> str:
    """A function agent."""
    return message.upper()


class Depth(BaseModel):
    """Ask a gauged agent how many messages ever waited at once."""


class GaugedMailbox(Mailbox[Delivery]):
    """Remembers how deep it ever was."""

    deepest = 0

    def push(self, item: Delivery, reserved: int = 0) -> bool:
        taken = super().push(item, reserved)
        self.deepest = max(self.deepest, len(self))
        return taken


class Gauged(Narrow):
    """Has room for four and measures its mailbox at every message that enters it."""

    async def on_start(self, ctx: shoal.Context) -> None:
        self.gauge = ctx._cell.mailbox = GaugedMailbox(ctx._cell.mailbox.capacity, self.overflow)

    async def on_depth(self, message: Depth, ctx: shoal.Context) -> int:
        return self.gauge.deepest


class Flood(BaseModel):
    to: shoal.Ref


class Flooder(shoal.Agent):
    """Tells for ever, until it is refused; then it can say how."""

    def __init__(self) -> None:
        self.end = ""

    async def on_flood(self, message: Flood, ctx: shoal.Context) -> None:
        number = 0
        while True:
            try:
                await ctx.tell(message.to, Note(text=f"{ctx.address} {number}"))
            except shoal.errors.ShoalError as error:
                self.end = type(error).__name__
                return
            number += 1

    async def on_seen(self, message: Seen, ctx: shoal.Context) -> str:
        return self.end
