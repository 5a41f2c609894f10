"""What the tests of the sockets share: both event loops, a server that takes notes, a client, a bare hello."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, cast

import msgpack
import pytest
import uvloop

from shoal.runtime.errors import ProtocolError
from shoal.runtime.sockets import ClientConnection, ServerConnection, proof

SECRET = b"the secret of this run"
SENDER = b"incarnation"
MOST = 100_000
PATIENCE_S = 10.0
"""Longest wait for something that must happen."""


def framed(*frames: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(frame)) + frame for frame in frames)


def on_both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run the test on asyncio's own event loop (a laptop's client) and on uvloop (Ray's actors)."""

    @pytest.mark.parametrize(
        "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
    )
    def run(new_loop: Callable[[], asyncio.AbstractEventLoop], **fixtures: Any) -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(test(**fixtures))

    own = inspect.signature(test)
    loop = inspect.Parameter("new_loop", inspect.Parameter.KEYWORD_ONLY)
    # pytest reads from it which fixtures the test wants.
    vars(run)["__signature__"] = own.replace(parameters=[*own.parameters.values(), loop])
    return cast("Callable[..., None]", run)


class Server:
    """Listens with real ``ServerConnection``s and notes all that they say."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.frames: asyncio.Queue[tuple[bytes, bytes]] = asyncio.Queue()
        self.bad: list[ProtocolError] = []
        self.closed: asyncio.Queue[bytes] = asyncio.Queue()
        self.connections: list[ServerConnection] = []

    def accept(self) -> ServerConnection:
        connection = ServerConnection(SECRET, MOST, self._on_data, self._on_closed, self.bad.append)
        self.connections.append(connection)
        return connection

    def _on_data(self, sender: bytes, frame: bytes, connection: ServerConnection) -> None:
        self.frames.put_nowait((sender, frame))

    def _on_closed(self, sender: bytes, connection: ServerConnection) -> None:
        self.closed.put_nowait(sender)


@contextlib.asynccontextmanager
async def serving(path: str) -> AsyncIterator[Server]:
    server = Server(path)
    listening = await asyncio.get_running_loop().create_unix_server(server.accept, path)
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield server
    finally:
        listening.close()
        for connection in server.connections:
            connection.close()
        await asyncio.sleep(0)


class Client:
    """A real ``ClientConnection`` and what it heard."""

    def __init__(self) -> None:
        self.reports: asyncio.Queue[bytes] = asyncio.Queue()
        self.beside: list[bytes] = []
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def make(self, secret: bytes = SECRET, sender: bytes = SENDER) -> Callable[[], ClientConnection]:
        def on_closed(connection: ClientConnection) -> None:
            self.closed.set_result(None)

        return lambda: ClientConnection(
            secret, sender, MOST, self.reports.put_nowait, on_closed, self.beside.append
        )


async def raw_handshake(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect by hand and prove to know the secret."""
    reader, writer = await asyncio.open_unix_connection(path)
    nonce = (await reader.readexactly(20))[4:]
    mac = proof(SECRET, b"hello", nonce, SENDER)
    writer.write(framed(msgpack.packb([SENDER, b"n" * 16, mac])))
    assert (await reader.readexactly(36))[4:] == proof(SECRET, b"welcome", b"n" * 16)
    return reader, writer


async def closed_by_the_other_end(reader: asyncio.StreamReader) -> bool:
    try:
        while await reader.read(65536):
            pass
    except ConnectionResetError:
        pass
    return True
