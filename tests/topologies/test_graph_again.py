"""A graph whose front died: who leads the task again asks the same things under the same marks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.ref import Ref
from shoal.topologies.drawn.front import Guide
from shoal.topologies.graph import graph
from tests.topologies.crew import Step, Ticket


class Memory:
    """What outlives a front: answers by mark, and what was recorded."""

    def __init__(self) -> None:
        self.asked: dict[str, Ticket] = {}
        self.recorded: dict[str, Any] = {}


class Handling:
    """The context of one attempt: nodes answer in the order of ``turns``, until there is none left."""

    deadline = None

    def __init__(self, memory: Memory, turns: list[int]) -> None:
        self.memory = memory
        self.turns = turns
        self.waiting: list[asyncio.Event] = []

    async def ask(self, member: Ref, message: Ticket, *, timeout_s: None, mark: str) -> Ticket:
        assert self.memory.asked.setdefault(mark, message) == message, "the same mark, and another message"
        may_answer = asyncio.Event()
        self.waiting.append(may_answer)
        await may_answer.wait()
        return message.model_copy(update={"steps": [*message.steps, member.address]})

    async def once(self, key: str, fn: Callable[[], Any]) -> Any:
        return self.memory.recorded.setdefault(key, fn())

    async def answer(self, leading: asyncio.Task[Any]) -> None:
        """Let one who was asked answer, as often as there are turns; then the process dies."""
        for turn in self.turns:
            for _ in range(5):
                await asyncio.sleep(0)
            if leading.done():
                return
            self.waiting.pop(turn % len(self.waiting)).set()
        for _ in range(5):
            await asyncio.sleep(0)


def many_ways() -> Guide:
    """A fork, a join of the first two of three, a loop, and a join of all."""
    g = graph().node("s", Step("s")).edge("s", "a", "b", "c", "d")
    for name in "abcd":
        g.node(name, Step(name))
    g.node("loop", Step("loop"), most=4).edge(
        "loop", "loop", when=lambda ticket: ticket.steps.count("loop") < 3
    )
    g.join("two", of=["a", "b", "c"], need=2, by=together).edge("two", "loop")
    g.join("all", of=["loop", "d"], by=together).end("all")
    g.check()
    front = g.front({name: Ref(name) for name in g.members})
    assert isinstance(front, Guide)
    return front


def together(answers: dict[str, Ticket]) -> Ticket:
    return Ticket(text="+".join(answers), steps=[step for one in answers.values() for step in one.steps])


@pytest.mark.parametrize("deaths", [1, 2])
@given(data=st.data())
def test_who_leads_a_task_again_asks_the_same_under_the_same_marks(deaths: int, data: st.DataObject) -> None:
    numbers = st.integers(0, 20)
    memory = Memory()

    async def lead(turns: list[int]) -> Ticket | None:
        ctx: Any = Handling(memory, turns)
        leading = asyncio.create_task(many_ways().lead(Ticket(text="x"), ctx))
        await ctx.answer(leading)
        if not leading.done():
            leading.cancel()
            return None
        result: Ticket = leading.result()
        return result

    for _ in range(deaths):
        asyncio.run(lead(data.draw(st.lists(numbers, max_size=9))))
    orders = [data.draw(st.lists(numbers, min_size=12, max_size=12)) for _ in range(2)]
    one, other = (asyncio.run(lead(order)) for order in orders)
    assert one is not None
    assert one == other
    assert one.steps.count("loop") == 3
    assert len(memory.recorded) == 1
