"""What an agent with tools starts has at most its tools, however it is started and whatever is in between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import shoal
from shoal import LLMAgent, ScriptedModel, wants
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


STARTED: dict[str, Callable[[], Any]] = {
    "an LLM agent": child,
    "an agent that starts one": Manager,
    "a class": lambda: Made,
    "a function": lambda: manages,
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
    parent = await system.spawn(LLMAgent(ScriptedModel(hires), tools=[hiring(how), add]), name="parent")
    summed, mailed = (await parent.ask("go")).split(" | ")
    assert summed == "3"
    assert "was not granted the tool mail; it has add" in mailed
    assert MAILS == []


@pytest.mark.parametrize("how", STARTED)
async def test_what_an_agent_starts_may_use_what_both_have(system: shoal.System, how: str) -> None:
    parent = await system.spawn(LLMAgent(ScriptedModel(hires), tools=[hiring(how), add, mail]), name="parent")
    assert (await parent.ask("go")).split(" | ") == ["3", "sent"]
    assert MAILS == ["hello"]


async def test_what_a_program_starts_has_the_tools_it_was_made_with(system: shoal.System) -> None:
    manager = await system.spawn(Manager())
    assert (await manager.ask("go")).split(" | ") == ["3", "sent"]
