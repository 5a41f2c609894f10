"""A scriptable OpenAI-compatible server on loopback, for tests: what it does with each request is said by the test.

It runs in a thread with a loop of its own, so that it serves this process and others alike::

    with Stage() as stage:
        stage.put(failure(429, headers={"retry-after": "2"}), Answer("hello"))   # one behaviour a request, in order
        stage.otherwise = Answer("ok")                                           # when none is left
        ...                                                                      # ask the model at stage.url
        assert stage.answered == 1

A behaviour may also be a function of the request. Anybody can ask how it stands by ``GET /stage``.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tests.models.openai.answers import Answer as Answer
from tests.models.openai.answers import Behaviour as Behaviour
from tests.models.openai.answers import Called as Called
from tests.models.openai.wire import DONE as DONE
from tests.models.openai.wire import Cut as Cut
from tests.models.openai.wire import Gate as Gate
from tests.models.openai.wire import Received as Received
from tests.models.openai.wire import Reply as Reply
from tests.models.openai.wire import chunk as chunk
from tests.models.openai.wire import event as event
from tests.models.openai.wire import events as events
from tests.models.openai.wire import failure as failure
from tests.models.openai.wire import gone as gone
from tests.models.openai.wire import page as page

_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


class Stage:
    """The server. Counts are whole when a client has what it waits for; for what happens later there is ``wait``."""

    def __init__(self, otherwise: Behaviour | None = None) -> None:
        self.otherwise: Behaviour = Answer() if otherwise is None else otherwise
        """What is done with a request for which nothing was put."""
        self.requests: list[Received] = []
        """All that came, in order; their bodies are kept."""
        self.answered = 0
        """Answers with status 200 that were sent to their ends: what a provider would charge."""
        self.failed = 0
        """Replies with another status, and those that were broken off on purpose."""
        self.cancelled = 0
        """Requests whose client went away before its answer was sent to the end."""
        self.in_flight = 0
        """Requests that came and have not ended."""
        self.most_in_flight = 0
        """The most there were at one time."""
        self.connections = 0
        """Connections that were opened, in all."""
        self._queue: deque[Behaviour] = deque()
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._open: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base URL to give to a client."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    def put(self, *behaviours: Behaviour) -> None:
        """What to do with the next requests, one after the other."""
        with self._changed:
            self._queue.extend(behaviours)

    def wait(self, condition: Callable[[Stage], bool], within_s: float = 10.0) -> None:
        """Wait until the condition holds. Raises :class:`TimeoutError` that says how the server stands."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self), within_s):
                raise TimeoutError(f"the stage stands at {self.counts()}")

    async def until(self, condition: Callable[[Stage], bool], within_s: float = 10.0) -> None:
        """``wait`` without holding this loop up."""
        await asyncio.to_thread(self.wait, condition, within_s)

    def counts(self) -> dict[str, int]:
        """How it stands."""
        names = ("answered", "failed", "cancelled", "in_flight", "most_in_flight", "connections")
        return {"requests": len(self.requests), **{name: getattr(self, name) for name in names}}

    # -- its life --------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Begin to listen."""
        started = threading.Event()

        def serve() -> None:
            asyncio.set_event_loop(self._loop)
            self._server = self._loop.run_until_complete(
                self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=1024)
            )
            started.set()
            self._loop.run_forever()

        self._thread = threading.Thread(target=serve, name="stage", daemon=True)
        self._thread.start()
        if not started.wait(10):
            raise RuntimeError("the stage did not start to listen")
        return self

    def stop(self) -> None:
        """End every connection and the thread. Twice is fine."""
        thread, self._thread = self._thread, None
        if thread is not None:
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(10)
            self._loop.close()

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        running = [connection.writing for connection in self._open if connection.writing]
        for connection in list(self._open):
            connection.abort()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0)  # transports that were aborted tell so in the loop's next round

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- for its connections -----------------------------------------------------------------------------------

    def began(self, asked: Received) -> Reply:
        """A request is here: what is done with it."""
        with self._changed:
            self.requests.append(asked)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            behaviour = self._queue.popleft() if self._queue else self.otherwise
            self._changed.notify_all()
        if callable(behaviour):
            behaviour = behaviour(asked)
        return behaviour.reply(asked) if isinstance(behaviour, Answer) else behaviour

    def ended(self, outcome: str) -> None:
        """A request ended: ``answered``, ``failed`` or ``cancelled``."""
        with self._changed:
            self.in_flight -= 1
            setattr(self, outcome, getattr(self, outcome) + 1)
            self._changed.notify_all()

    def opened(self, connection: _Connection) -> None:
        """A client connected."""
        self.connections += 1
        self._open.add(connection)

    def closed(self, connection: _Connection) -> None:
        """Its connection is gone."""
        self._open.discard(connection)


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, one request at a time."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.writing: asyncio.Task[None] | None = None
        """The reply that is being written, if it has to wait for something."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is here."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._stage.opened(self)

    def connection_lost(self, error: Exception | None) -> None:
        """It is gone: whatever was being written for it stops."""
        self._transport = None
        self._stage.closed(self)
        if self.writing is not None:
            self.writing.cancel()

    def abort(self) -> None:
        """Cut it off."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Bytes of a request; a client that wants TLS is turned away."""
        if data[:1] == b"\x16":
            self.abort()
            return
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        method, path, _ = first.split(" ", 2)
        if path == "/stage":
            self._write(page(json.dumps(self._stage.counts())))
            return
        asked = Received(method, path, headers, _json(rest[:length]))
        self._reply(self._stage.began(asked))

    def _reply(self, reply: Reply) -> None:
        if reply.before is None and all(isinstance(part, bytes) for part in reply.parts):
            self._write(reply)  # nothing to wait for: one write, no task
            self._stage.ended("answered" if reply.status == 200 else "failed")
        else:
            self.writing = asyncio.get_running_loop().create_task(self._perform(reply))

    def _write(self, reply: Reply) -> None:
        parts = [_framed(part, reply.chunked) for part in reply.parts if isinstance(part, bytes)]
        end = b"0\r\n\r\n" if reply.chunked else b""
        if self._transport is not None:
            self._transport.write(b"".join([_head(reply), *parts, end]))

    async def _perform(self, reply: Reply) -> None:
        outcome = "cancelled"
        try:
            whole = await self._act(reply)
            outcome = "answered" if whole and reply.status == 200 else "failed"
        finally:
            self.writing = None
            self._stage.ended(outcome)

    async def _act(self, reply: Reply) -> bool:
        """Whether it came to its end without a cut."""
        assert self._transport is not None
        if isinstance(reply.before, Cut):
            self._cut(reply.before)
            return False
        if reply.before is not None:
            await reply.before.passed()
        self._transport.write(_head(reply))
        for part in reply.parts:
            if isinstance(part, Gate):
                await part.passed()
            elif isinstance(part, Cut):
                self._cut(part)
                return False
            else:
                self._transport.write(_framed(part, reply.chunked))
        if reply.chunked:
            self._transport.write(b"0\r\n\r\n")
        return True

    def _cut(self, how: Cut) -> None:
        assert self._transport is not None
        self.writing = None  # what is lost next is lost by our own hand
        if how is Cut.RESET:
            sock: socket.socket = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        else:
            self._transport.close()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")


def _head(reply: Reply) -> bytes:
    length = sum(len(part) for part in reply.parts if isinstance(part, bytes))
    framing = "transfer-encoding: chunked" if reply.chunked else f"content-length: {length}"
    lines = [f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Said')}", framing]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _framed(part: bytes, chunked: bool) -> bytes:
    return b"%x\r\n%s\r\n" % (len(part), part) if chunked and part else part
