"""Tools of an MCP server, as they were approved.

``await mcp_tools(server)`` asks the server what it has, and gives the tools that ``server.tools`` names. What the model
is told of them is what the server said then, for as long as the tools exist, also in other processes and after
restarts. A tool of which the server says something else by now is not called.
"""

from __future__ import annotations

import secrets
from typing import Any

from shoal.actors.tools.errors import ToolChanged, ToolFailed
from shoal.actors.tools.mcp.content import read_result
from shoal.actors.tools.mcp.offered import Offered, check_against
from shoal.actors.tools.mcp.server import McpServer
from shoal.actors.tools.mcp.sessions import let_go, session_for
from shoal.actors.tools.naming import check_tool_name
from shoal.actors.tools.tool import ToolPolicy
from shoal.models.chat import ToolSpec
from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError


class McpTool:
    """A tool of a server. Made by :func:`mcp_tools`."""

    def __init__(self, server: McpServer, approved: Offered) -> None:
        self._server = server
        self._reached = server.reached
        self._approved = approved
        name = check_tool_name(server.prefix + approved.name)
        self._spec = ToolSpec(name=name, description=approved.description, parameters=approved.schema)
        asked = server.consequential == "*" or approved.name in server.consequential
        self._policy = ToolPolicy(
            consequential=asked,
            accepts=server.accepts,
            gives=server.gives,
            timeout_s=server.timeout_s,
            once=server.once,
        )

    @property
    def spec(self) -> ToolSpec:
        """Its name, description and arguments, as the model sees them."""
        return self._spec

    @property
    def policy(self) -> ToolPolicy:
        """What is asked of a call, and said of its result."""
        return self._policy

    @property
    def digest(self) -> str:
        """Of what was approved: name, description and schema. For :attr:`McpServer.pins`."""
        return self._approved.digest

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments, looked over. Raises ``BadArguments``."""
        check_against(self._approved.schema, arguments, self._spec.name)
        return arguments

    async def call(self, arguments: dict[str, Any], ctx: Context) -> Any:
        """Call it. Raises :class:`ToolChanged`, and :class:`ToolFailed`, also for what the server calls an error."""
        session = session_for(self._reached, ctx.address)
        now = (await session.tools(self._server.recheck_s)).get(self._approved.name)
        if now is None:
            raise ToolFailed(f"{self._server} has no tool {self._approved.name} any more", type="ToolFailed")
        if now.digest != self._approved.digest:
            raise _changed(self._server, now.name, self._approved.digest, now.digest)
        return read_result(await session.call(self._approved.name, arguments), self._spec.name)

    async def close_for(self, ctx: Context) -> None:
        """This agent uses the server no more."""
        await let_go(self._reached, ctx.address)

    def __repr__(self) -> str:
        return f"<tool {self._spec.name} of {self._server}>"


async def mcp_tools(server: McpServer) -> list[McpTool]:
    """The tools of a server that may be used, as it describes them now: calling this is approving them.

    Raises ``ConfigError`` when a tool that is named is not there or the package ``mcp`` is missing,
    :class:`ToolChanged` when one is not what its pin says, :class:`ToolFailed` when the server cannot be reached.
    """
    holder = f"approval {secrets.token_hex(4)}"
    session = session_for(server.reached, holder)
    try:
        found = await session.tools(0.0)
    finally:
        await let_go(server.reached, holder)
    wanted = list(found) if server.tools == "*" else list(server.tools)
    if missing := [name for name in wanted if name not in found]:
        raise ConfigError(
            f"{server} has no tool {', '.join(missing)}; it has {', '.join(sorted(found)) or 'none'}"
        )
    for name, pin in server.pins:
        if name in wanted and found[name].digest != pin:
            raise _changed(server, name, pin, found[name].digest)
    return [McpTool(server, found[name]) for name in dict.fromkeys(wanted)]


def _changed(server: McpServer, name: str, approved: str, now: str) -> ToolChanged:
    return ToolChanged(
        f"{server} describes {name} otherwise than when it was approved; it is not called until somebody has read it "
        "and approves it anew",
        tool=name,
        approved=approved,
        now=now,
    )
