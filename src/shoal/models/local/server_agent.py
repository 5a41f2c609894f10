"""An agent that serves a model on its node.

Callback contract: it takes :class:`WhereIs` and answers :class:`ServedAt`. The server is its child process: up when the
agent has started, started again on the same port when it dies, and gone with the agent, also when that one's process is
killed. A server that dies again and again is given up; whoever asks then gets the reason.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import time
from collections import deque
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from shoal.models.local.errors import LocalModelError, PortInUse
from shoal.models.local.options import ServeOptions
from shoal.models.local.preparing import Launch, prepare
from shoal.models.local.process import ServerProcess, start_server
from shoal.runtime.behavior import Handler, HandlerTable
from shoal.runtime.codec import message
from shoal.runtime.config import Overflow
from shoal.runtime.context import Context

MOST_DEATHS, PERIOD_S = 5, 60.0
"""More deaths of the server than this within so long, and it is given up."""
_PORT_S = 3.0
"""How long the port of an earlier life is waited for: its server ends a moment after the agent's process."""
_PAUSE_S = 0.2
_FIRST_PORT, _PORTS = 20_000, 12_000
"""Below those that systems give to outgoing connections."""
_log = logging.getLogger("shoal.model")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@message("shoal.WhereIs")
class WhereIs(_Frozen):
    """Asks a model server where its model is."""


@message("shoal.ServedAt")
class ServedAt(_Frozen):
    """Where a model is served."""

    base_url: str
    place: str
    """Of the loopback address: it leads there from processes of the same :func:`place` only."""
    pid: int
    """The server's process."""
    options: ServeOptions
    """What it was started with."""


def place() -> str:
    """Names what a loopback address means here: one machine, or a container with a network of its own."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.readlink('/proc/self/ns/net')}"
    except OSError:
        return platform.node()


class ModelServer:
    """A behaviour; see the module."""

    role = "ModelServer"
    concurrency = 64
    mailbox: int | None = None
    overflow = Overflow.BLOCK
    handler_timeout_s: float | None = None
    beside_parent = True  # its address is a loopback address

    def __init__(
        self, options: ServeOptions | None = None, *, launcher: Callable[[ServeOptions], Launch] = prepare
    ) -> None:
        """``launcher`` gives another program than the engine, with the same contract."""
        self._options = options or ServeOptions()
        self._launcher = launcher
        self._server: ServerProcess | None = None
        self._up: asyncio.Future[ServerProcess]
        self._keeping: asyncio.Task[None] | None = None

    def handler_table(self) -> HandlerTable:
        """The one question."""
        return HandlerTable([Handler("ModelServer.on_where_is", self.on_where_is, WhereIs, ServedAt)])

    async def on_start(self, ctx: Context) -> None:
        """Serve. What keeps the model from being served is an error of the spawn."""
        server = await self._first(ctx)
        self._up = asyncio.get_running_loop().create_future()
        self._up.set_result(server)
        self._keeping = asyncio.ensure_future(self._keep(server))

    async def on_stop(self, ctx: Context, reason: str) -> None:
        """End the server."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})

    def killed(self) -> None:
        """The agent ends without ``on_stop``: its server ends too."""
        if self._keeping is not None:
            self._keeping.cancel()

    async def on_where_is(self, _question: WhereIs, ctx: Context) -> ServedAt:
        """Where the model is, once its server answers. Raises ``LocalModelError`` when it was given up."""
        server = await asyncio.shield(self._up)
        return ServedAt(base_url=server.base_url, place=place(), pid=server.pid, options=self._options)

    # -- the server ----------------------------------------------------------------------------------------

    async def _first(self, ctx: Context) -> ServerProcess:
        """Start it, at the port of an earlier life if it can be had: addresses that were given out stay good."""
        if self._options.port:
            return await self._start(self._options.port)
        try:
            return await self._start_at(
                port_of(ctx.config.run_dir, ctx.address), _PORT_S if ctx.restarts else 0.0
            )
        except PortInUse:
            return await self._start(0)

    async def _start(self, port: int) -> ServerProcess:
        options = self._options.model_copy(update={"port": port})
        launch = await asyncio.to_thread(self._launcher, options)
        return await start_server(launch, options.name, options.ready_s)

    async def _keep(self, server: ServerProcess) -> None:
        """Start it again when it dies, until that is too often."""
        deaths: deque[float] = deque(maxlen=MOST_DEATHS + 1)
        port = urlsplit(server.base_url).port or 0
        try:
            while True:
                error = await server.wait()
                self._up = asyncio.get_running_loop().create_future()
                deaths.append(time.monotonic())
                if len(deaths) > MOST_DEATHS and deaths[-1] - deaths[0] < PERIOD_S:
                    raise error
                _log.warning("%s; starting it again at port %d", error, port)
                server = await self._start_at(port, _PORT_S)
                self._up.set_result(server)
        except LocalModelError as error:
            _log.error("%s is given up: %s", self._options.name, error)
            self._up.set_exception(error)
            self._up.exception()  # nobody need ask
        finally:
            await server.stop()

    async def _start_at(self, port: int, wait_s: float) -> ServerProcess:
        """Start it at a port that may become free in a moment."""
        until = time.monotonic() + wait_s
        while True:
            try:
                return await self._start(port)
            except PortInUse:
                if time.monotonic() >= until:
                    raise
            await asyncio.sleep(_PAUSE_S)


def port_of(run: str, address: str) -> int:
    """The port that an agent of a run tries first: the same in each of its lives."""
    digest = blake2b(f"{run}\n{address}".encode(), digest_size=4).digest()
    return _FIRST_PORT + int.from_bytes(digest) % _PORTS
