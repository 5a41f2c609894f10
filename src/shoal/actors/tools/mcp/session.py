"""One session with an MCP server: opened when first used, again when it died, closed when nobody uses it.

A task of its own opens and closes it, for what the protocol's client opens must be closed by the task that did. The
``mcp`` package is imported here only, when a session is opened.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from shoal.actors.tools.environment import child_environment
from shoal.actors.tools.errors import ToolFailed
from shoal.actors.tools.mcp.offered import Offered, offered
from shoal.actors.tools.mcp.server import Reached, named
from shoal.runtime.errors import ConfigError

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult

_MOST_PAGES = 50
_MOST_TOOLS = 2_000
_HTTP_S = 300.0
"""A server may take its time over one answer; each call has a limit of its own."""


class Session:
    """A server's session in this process."""

    def __init__(self, server: Reached) -> None:
        self._server = server
        self.holders: set[str] = set()
        """Who uses it: addresses of agents."""
        self._turn = asyncio.Lock()
        self._client: Client | None = None
        self._owner: asyncio.Task[None] | None = None
        self._over: asyncio.Event | None = None
        self._listed: dict[str, Offered] = {}
        self._listed_at = float("-inf")

    async def tools(self, max_age_s: float) -> dict[str, Offered]:
        """What the server offers, by name; as it was at most ``max_age_s`` ago. Raises :class:`ToolFailed`."""
        async with self._turn:
            if self._client is not None and time.monotonic() - self._listed_at < max_age_s:
                return self._listed
            if self._client is not None:
                try:
                    return await self._list()
                except Exception:
                    # It is dead, or as good as: nothing is asked twice that does anything.
                    await self._end()
            try:
                await self._open()
                return await self._list()
            except (ConfigError, ToolFailed):
                raise
            except Exception as error:
                await self._end()
                raise self._failed("does not list its tools", error) from error

    async def call(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        """Call a tool. Raises :class:`ToolFailed` when no answer came; then it may or may not have been called."""
        client = self._client
        if client is None:
            await self.tools(float("inf"))
            client = self._client
        if client is None:
            raise self._failed("was closed", None)
        try:
            return await client.call_tool(name, arguments)
        except Exception as error:
            if self._client is client and _is_lost(error):
                await self.close()
            raise self._failed(f"gave no answer to {name}", error) from error

    async def close(self) -> None:
        """End the session; the next use opens another."""
        async with self._turn:
            await self._end()

    async def _list(self) -> dict[str, Offered]:
        assert self._client is not None
        found: dict[str, Offered] = {}
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            async with asyncio.timeout(self._server.start_timeout_s):
                page = await self._client.list_tools(cursor=cursor)
            for tool in page.tools:
                found[tool.name] = offered(tool.name, tool.description or "", tool.input_schema)
            cursor = page.next_cursor
            if cursor is None:
                self._listed, self._listed_at = found, time.monotonic()
                return found
            if len(found) > _MOST_TOOLS:
                break
        raise ToolFailed(f"{named(self._server)} lists tools without end", type="ToolFailed")

    async def _open(self) -> None:
        opened: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        over = self._over = asyncio.Event()
        owner = self._owner = asyncio.create_task(self._own(opened, over), name="mcp session")
        try:
            async with asyncio.timeout(self._server.start_timeout_s):
                self._client = await opened
        except BaseException as error:
            owner.cancel()
            await asyncio.wait([owner])
            self._owner = None
            if isinstance(error, TimeoutError):
                after = f"{self._server.start_timeout_s:g} s"
                raise self._failed(f"did not answer within {after}", error) from error
            raise

    async def _own(self, opened: asyncio.Future[Client], over: asyncio.Event) -> None:
        try:
            async with _connected(self._server) as client:
                if not opened.done():
                    opened.set_result(client)
                await over.wait()
        except ConfigError as error:
            if not opened.done():
                opened.set_exception(error)
        except Exception as error:
            if not opened.done():
                opened.set_exception(self._failed("cannot be reached", error))
            # Else it broke while it was closed, or its server died: who calls it next is told.

    async def _end(self) -> None:
        owner, over = self._owner, self._over
        self._client = self._owner = self._over = None
        self._listed_at = float("-inf")
        if owner is not None and over is not None:
            over.set()
            # The client bounds each step of its way out: a server that does not end is killed.
            await asyncio.wait([owner])

    def _failed(self, what: str, error: BaseException | None) -> ToolFailed:
        cause = _innermost(error)
        why = "" if cause is None else f": {str(cause) or type(cause).__name__}"
        return ToolFailed(f"{named(self._server)} {what}{why}", type=type(cause or self).__name__)


@asynccontextmanager
async def _connected(server: Reached) -> AsyncIterator[Client]:
    try:
        # Late: an extra, and half a second.
        import httpx2  # noqa: PLC0415
        from mcp import Client, StdioServerParameters  # noqa: PLC0415
        from mcp.client.stdio import stdio_client  # noqa: PLC0415
        from mcp.client.streamable_http import streamable_http_client  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            f"MCP servers need the package mcp in version 2.3 or later ({error}): pip install 'shoal[mcp]'"
        ) from error
    async with AsyncExitStack() as stack:
        if server.command:
            program, *args = server.command
            parameters = StdioServerParameters(
                command=program,
                args=args,
                env=child_environment(os.environ, server.environment),
                cwd=server.cwd or None,
            )
            # By the name of a file: this process's own may have no descriptor, or be read by others.
            log = stack.enter_context(open(server.log_file or os.devnull, "a", encoding="utf-8"))  # noqa: ASYNC230, SIM115
            transport = stdio_client(parameters, errlog=log)
        else:
            values = child_environment(os.environ, [variable for _, variable in server.headers])
            headers = {header: values[variable] for header, variable in server.headers}
            http = await stack.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=_HTTP_S))
            transport = streamable_http_client(server.url, http_client=http)
        # Nothing of it is cached: a list of tools that is asked for is to be that of now.
        yield await stack.enter_async_context(Client(transport, cache=None))


def _is_lost(error: Exception) -> bool:
    """Whether the session is of no use any more. What the server itself refused speaks for it."""
    code = getattr(error, "code", None)
    return not isinstance(code, int) or code == _CONNECTION_CLOSED


_CONNECTION_CLOSED = -32000


def _innermost(error: BaseException | None) -> BaseException | None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
