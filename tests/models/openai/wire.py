"""What a server writes, to the byte: a :class:`Reply`, made by :func:`failure`, :func:`page` or :func:`events`."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

DONE = b"data: [DONE]\n\n"


class Gate:
    """Holds a reply where it stands until ``open`` is called, from whichever thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def open(self) -> None:
        """Let everybody through, now and later."""
        with self._lock:
            self._is_open = True
            waiting, self._waiting = self._waiting, []
        for loop, future in waiting:
            loop.call_soon_threadsafe(_pass, future)

    async def passed(self) -> None:
        """Wait until it is open."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._is_open:
                return
            future: asyncio.Future[None] = loop.create_future()
            self._waiting.append((loop, future))
        await future


def _pass(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Cut(Enum):
    """How the server breaks off."""

    CLOSE = "close"
    """It closes the connection before the body is whole."""
    RESET = "reset"
    """It resets the connection (TCP RST)."""


Part = bytes | Gate | Cut


class Reply(NamedTuple):
    """An HTTP response, sent as it is."""

    status: int
    headers: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    """Bytes of the body, gates to wait at, and at most one cut, at the end."""
    chunked: bool = False
    """Whether each part is a chunk of its own; otherwise the body has a Content-Length."""
    before: Gate | Cut | None = None
    """What comes before the head: a gate, or a cut instead of any answer."""


class Received(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: Any
    """Read as JSON; ``None`` where there is none."""


JSON = (("content-type", "application/json"),)
EVENTS = (("content-type", "text/event-stream; charset=utf-8"),)


def failure(
    status: int,
    message: str = "no",
    *,
    code: str | int | None = None,
    type: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """A failure as OpenAI's API words it."""
    error = {"message": message, "type": type, "param": None, "code": code}
    return page(json.dumps({"error": error}), status=status, headers=headers)


def page(
    body: str | bytes,
    *,
    status: int = 200,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Any body."""
    data = body if isinstance(body, bytes) else body.encode()
    return Reply(status, (("content-type", content_type), *(headers or {}).items()), (data,))


def events(*parts: Mapping[str, Any] | str | Part, headers: Mapping[str, str] | None = None) -> Reply:
    """A stream: mappings and strings become one event each, bytes are sent raw. Nothing is added at its end."""
    written = (part if isinstance(part, bytes | Gate | Cut) else event(part) for part in parts)
    return Reply(200, (*EVENTS, *(headers or {}).items()), tuple(written), chunked=True)


def event(data: Mapping[str, Any] | str) -> bytes:
    """One server-sent event."""
    return b"data: " + (data if isinstance(data, str) else json.dumps(data)).encode() + b"\n\n"


def gone(how: Cut = Cut.CLOSE) -> Reply:
    """No answer at all: the connection ends."""
    return Reply(200, (), (), before=how)


def chunk(
    text: str | None = None,
    *,
    finish: str | None = None,
    calls: list[dict[str, Any]] | None = None,
    usage: tuple[int, int] | None = None,
    refusal: str | None = None,
    choices: bool = True,
) -> dict[str, Any]:
    """One event of a streamed chat completion."""
    delta: dict[str, Any] = {"content": text, "tool_calls": calls, "refusal": refusal}
    delta = {name: value for name, value in delta.items() if value is not None}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    told: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "stage-1",
    }
    told["choices"] = [choice] if choices else []
    return {**told, "usage": usage_of(usage)} if usage else told


def usage_of(usage: tuple[int, int] | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
