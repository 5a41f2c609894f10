"""The scripted model: exact answers without a server.

It is plain data, so that an agent that has one can be copied and sent to another process; each copy counts its own
calls, and a list of answers begins anew in each. What depends on chance depends on the seed, the request, and how often
that request was made before: not on the order in which different requests come.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from hashlib import blake2b
from random import Random

from shoal.models.chat import ChatChunk, ChatRequest, ToolCall, Usage
from shoal.models.errors import ModelRejected
from shoal.models.request_key import request_key
from shoal.models.scripted.answers import Answer, Latency, Reply, as_reply
from shoal.models.scripted.matching import Script, Turn, answer_to, check_script
from shoal.models.scripted.pieces import pieces_of
from shoal.models.tokens import estimate_input, estimate_output

_KEPT = 1000


class ScriptedModel:
    """Answers by list (``["hello", ...]``), by rule (``{"refund": "billing"}``) or by function of the request.

    ``default`` is answered where the script has nothing; without one that is a
    :class:`~shoal.models.errors.ModelRejected`. A function may take ``(request)`` or ``(request, random)``. ``latency``
    is seconds to the first piece, or a :class:`Latency`; waiting is done by ``sleep``. An answer comes in pieces of
    ``piece`` characters. ``cycle`` begins a list again at its end. Raises :class:`~shoal.runtime.errors.ConfigError`
    for what is no script.
    """

    def __init__(
        self,
        script: Script,
        *,
        default: Answer = None,
        name: str = "scripted",
        endpoint: str = "",
        latency: float | Latency = 0.0,
        seed: int = 0,
        piece: int = 24,
        cycle: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        check_script(script)
        self._script = script
        self._default = None if default is None else as_reply(default)
        self._name = name
        self._endpoint = endpoint or f"scripted#{name}"
        self._latency = latency if isinstance(latency, Latency) else Latency(latency)
        self._seed = seed
        self._piece = max(1, piece)
        self._cycle = cycle
        self._sleep = sleep
        self._seen: Counter[str] = Counter()
        self.calls = 0
        """Calls begun."""
        self.finished = 0
        """Calls whose answer was given to its end."""
        self.stopped = 0
        """Calls taken back before their end."""
        self.usage = Usage()
        """Of all calls that were finished."""
        self.requests: deque[ChatRequest] = deque(maxlen=_KEPT)
        """The latest, up to 1,000."""

    @property
    def name(self) -> str:
        """The model's name."""
        return self._name

    @property
    def endpoint(self) -> str:
        """What breakers and rate limits count by."""
        return self._endpoint

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        """See :class:`~shoal.models.chat_model.ChatModel`."""
        number = self.calls
        self.calls += 1
        self.requests.append(request)
        random: Random | None = None

        def chance() -> Random:
            nonlocal random
            if random is None:
                random = self._random(request)
            return random

        reply = answer_to(self._script, Turn(request, number, chance), cycle=self._cycle) or self._default
        if reply is None:
            raise self._nothing_for(request, number)
        try:
            async for chunk in self._say(request, reply, chance, number):
                yield chunk
        except (GeneratorExit, asyncio.CancelledError):
            self.stopped += 1
            raise
        self.finished += 1

    async def close(self) -> None:
        """There is nothing to let go."""

    async def _say(
        self, request: ChatRequest, reply: Reply, chance: Callable[[], Random], number: int
    ) -> AsyncGenerator[ChatChunk, None]:
        latency = reply.latency or self._latency
        first_s = latency.first(chance()) if latency.spread else latency.first_token_s
        if first_s > 0:
            await self._sleep(first_s)
        calls = tuple(
            call
            if call.id
            else ToolCall(id=f"call-{number}-{index}", name=call.name, arguments=call.arguments)
            for index, call in enumerate(reply.tool_calls)
        )
        for place, chunk in enumerate(pieces_of(reply.text, calls, self._piece)):
            if place and latency.tokens_per_s:
                await self._sleep(self._piece / 4 / latency.tokens_per_s)
            yield chunk
        if reply.error is not None:
            raise type(reply.error)(
                reply.error.text, **{"model": self._name, "endpoint": self._endpoint, **reply.error.details}
            )
        yield ChatChunk(
            refusal=reply.refusal,
            finish=reply.finish or ("tool_calls" if calls else "stop"),
            usage=self._count(request, reply),
            model=self._name,
            id=f"{self._name}-{number}",
        )

    def _count(self, request: ChatRequest, reply: Reply) -> Usage | None:
        if reply.usage == "missing":
            return None
        usage = reply.usage
        if not isinstance(usage, Usage):
            output = estimate_output(reply.text, reply.tool_calls)
            usage = Usage(input_tokens=estimate_input(request), output_tokens=output)
        self.usage = self.usage.plus(usage)
        return usage

    def _random(self, request: ChatRequest) -> Random:
        key = request_key(self._name, request)
        self._seen[key] += 1
        mark = blake2b(f"{self._seed}/{key}/{self._seen[key]}".encode(), digest_size=8).digest()
        return Random(int.from_bytes(mark, "big"))

    def _nothing_for(self, request: ChatRequest, number: int) -> ModelRejected:
        last = request.messages[-1].text if request.messages else ""
        return ModelRejected(
            f"the script of {self._name!r} has no answer to call {number + 1}, whose last message is {last[:200]!r}: "
            "add one, or give a default",
            model=self._name, endpoint=self._endpoint,
        )  # fmt: skip
