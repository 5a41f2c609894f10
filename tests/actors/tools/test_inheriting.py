"""What an agent with tools starts has at most its tools, however it is started and whatever is in between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import shoal
from shoal import LLMAgent, ScriptedModel, SupervisorRef, wants
from shoal.models.chat import ChatRequest, Role

MAILS: list[str] = []


@shoal.tool
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@shoal.tool
async def mail(text: str) -> str:
    """Send a mail."""
    MAILS.append(text)
    return "sent"


def tries_both(request: ChatRequest) -> Any:
    """Wants a sum, then a mail, then says what it was told of both."""
    told = [message.text for message in request.messages if message.role is Role.TOOL]
    return [wants("add", a=1, b=2), wants("mail", text="hello"), " | ".join(told)][len(told)]


def child() -> LLMAgent:
    return LLMAgent(ScriptedModel(tries_both), tools=[add, mail], name="child")


class Manager(shoal.Agent):
    """Knows nothing of tools; what it starts does."""

    async def on_text(self, text: str, ctx: shoal.Context) -> str:
        answer: str = await ctx.ask(await ctx.spawn(child()), text)
        return answer


class Made(Manager):
    """Started by its class."""


async def manages(text: str, ctx: shoal.Context) -> str:
    """Started as a function."""
    answer: str = await ctx.ask(await ctx.spawn(child()), text)
    return answer


class Supervising(shoal.Agent):
    """Starts a supervisor, whose child answers."""

    async def on_text(self, text: str, ctx: shoal.Context) -> str:
        ref = await ctx.spawn(self.supervisor(), name="tree")
        answer: str = await ctx.ask(await self.child_of(ref), text)
        return answer

    def supervisor(self) -> shoal.Supervisor:
        return shoal.Supervisor([shoal.ChildSpec(id="one", agent=child())])

    async def child_of(self, ref: Any) -> shoal.Ref:
        return shoal.Ref("tree/one")


class Nesting(Supervising):
    """A supervisor under a supervisor."""

    def supervisor(self) -> shoal.Supervisor:
        return shoal.Supervisor([shoal.ChildSpec(id="inner", agent=super().supervisor())])

    async def child_of(self, ref: Any) -> shoal.Ref:
        return shoal.Ref("tree/inner/one")


class Templating(Supervising):
    """A supervisor that makes its children of a template."""

    def supervisor(self) -> shoal.Supervisor:
        return shoal.Supervisor([shoal.ChildSpec(id="any", agent=child)], strategy="simple_one_for_one")

    async def child_of(self, ref: Any) -> shoal.Ref:
        made: shoal.Ref = await ref.start_child()
        return made


class Adding(Supervising):
    """Adds a child to a supervisor that runs."""

    def supervisor(self) -> shoal.Supervisor:
        return shoal.Supervisor()

    async def child_of(self, ref: Any) -> shoal.Ref:
        added: shoal.Ref = await ref.start_child(shoal.ChildSpec(id="late", agent=child()))
        return added


class AddingElsewhere(shoal.Agent):
    """Adds a child to a supervisor that the program has started."""

    async def on_text(self, text: str, ctx: shoal.Context) -> str:
        added = await SupervisorRef("of-the-program").start_child(shoal.ChildSpec(id="late", agent=child()))
        answer: str = await ctx.ask(added, text)
        return answer


STARTED: dict[str, Callable[[], Any]] = {
    "an LLM agent": child,
    "an agent that starts one": Manager,
    "a class": lambda: Made,
    "a function": lambda: manages,
    "a supervisor": Supervising,
    "a supervisor under another": Nesting,
    "a supervisor with a template": Templating,
    "a supervisor that it gives a child": Adding,
    "somebody else's supervisor that it gives a child": AddingElsewhere,
}


def hiring(how: str) -> Any:
    """A tool that starts an agent."""

    @shoal.tool
    async def hire(ctx: shoal.Context) -> str:
        """Have somebody else do it."""
        answer: str = await ctx.ask(await ctx.spawn(STARTED[how]()), "go")
        return answer

    return hire


def hires(request: ChatRequest) -> Any:
    last = request.messages[-1]
    return last.text if last.role is Role.TOOL else wants("hire")


@pytest_asyncio.fixture
async def system(tmp_path: Path) -> AsyncIterator[shoal.System]:
    MAILS.clear()
    async with shoal.start("local", isolate=True, run_dir=tmp_path) as running:
        yield running


@pytest.mark.parametrize("how", STARTED)
async def test_what_an_agent_starts_cannot_use_a_tool_that_it_has_not(system: shoal.System, how: str) -> None:
    await system.spawn(shoal.Supervisor(), name="of-the-program")
    parent = await system.spawn(LLMAgent(ScriptedModel(hires), tools=[hiring(how), add]), name="parent")
    summed, mailed = (await parent.ask("go")).split(" | ")
    assert summed == "3"
    assert "was not granted the tool mail; it has add" in mailed
    assert MAILS == []


@pytest.mark.parametrize("how", STARTED)
async def test_what_an_agent_starts_may_use_what_both_have(system: shoal.System, how: str) -> None:
    await system.spawn(shoal.Supervisor(), name="of-the-program")
    parent = await system.spawn(LLMAgent(ScriptedModel(hires), tools=[hiring(how), add, mail]), name="parent")
    assert (await parent.ask("go")).split(" | ") == ["3", "sent"]
    assert MAILS == ["hello"]


async def test_what_a_program_starts_has_the_tools_it_was_made_with(system: shoal.System) -> None:
    manager = await system.spawn(Manager())
    assert (await manager.ask("go")).split(" | ") == ["3", "sent"]
