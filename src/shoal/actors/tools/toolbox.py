"""The tools of one agent by their names, checked when the agent is made."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Protocol, runtime_checkable

from shoal.actors.tools.function_tool import FunctionTool
from shoal.actors.tools.naming import check_tool_name
from shoal.actors.tools.tool import Tool, ToolPolicy
from shoal.models.chat import ToolSpec
from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref


@runtime_checkable
class Closing(Protocol):
    """A tool that holds something open for the agents that use it, as a session with a server."""

    async def close_for(self, ctx: Context) -> None:
        """This agent uses it no more. Harmless when it never did."""


def toolbox(tools: Iterable[Tool | Callable[..., Any]]) -> dict[str, Tool]:
    """The tools by name, in order; plain functions among them are made tools.

    Raises ``ConfigError`` for what is no tool, and when two have one name.
    """
    found: dict[str, Tool] = {}
    for one in tools:
        tool = _as_tool(one)
        name = check_tool_name(tool.spec.name)
        if name in found:
            raise ConfigError(f"two tools are called {name}: give one of them another name, or a prefix")
        found[name] = tool
    return found


async def close_tools(tools: Iterable[Tool], ctx: Context) -> None:
    """Let go what the tools hold for this agent: for its ``on_stop``. Each is tried; then the first error is raised."""
    failed: Exception | None = None
    for tool in tools:
        if isinstance(tool, Closing):
            try:
                await tool.close_for(ctx)
            except Exception as error:
                failed = failed or error
    if failed is not None:
        raise failed


def _as_tool(one: Any) -> Tool:
    if isinstance(getattr(one, "spec", None), ToolSpec) and isinstance(
        getattr(one, "policy", None), ToolPolicy
    ):
        tool: Tool = one
        return tool
    if isinstance(one, Ref):
        raise ConfigError(
            f"{one!r} is an agent: shoal.agent_tool(ref, 'what to ask it', input=...) makes it a tool"
        )
    if inspect.isroutine(one):
        return FunctionTool(one, ToolPolicy())
    raise ConfigError(
        f"{one!r} is no tool: give a function, shoal.tool(...), shoal.agent_tool(...) or an MCP tool"
    )
