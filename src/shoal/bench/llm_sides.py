"""Sides of the rows about model calls: the openai client by hand, and LLM agents, against a server without a model."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

from shoal.actors.llm import LLMAgent
from shoal.bench.sides import Counts, Outcome, Side, SideFactory, Stage
from shoal.models.permits import Budget
from shoal.models.spec import Model
from shoal.runtime.starting import start

IN_FLIGHT = 256
_ANSWER = "All right"
_START_S = 30.0
_PLENTY = Budget(calls=10**12, tokens=10**15)


class _LLMSide(Side):
    """Asks the same question again and again, so many at a time."""

    def __init__(self, in_flight: int) -> None:
        self.counts = Counts(least=in_flight, step=in_flight)
        self._in_flight = in_flight
        self._open = AsyncExitStack()

    async def setup(self, stage: Stage) -> None:
        """Start the server in a process of its own, and what asks it."""
        server = subprocess.Popen(  # noqa: ASYNC220 - once, before anything is timed
            [sys.executable, "-m", "shoal.bench.llm_server"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert server.stdin is not None
        assert server.stdout is not None
        self._server = server
        url = await asyncio.wait_for(asyncio.to_thread(server.stdout.readline), _START_S)
        self._ask = await self.asker(url.strip())
        await self.run(self.counts.least)

    @abstractmethod
    async def asker(self, url: str) -> Callable[[], Awaitable[str]]:
        """What asks the model once."""

    async def run(self, count: int) -> Outcome:
        """Ask."""
        latencies_s: list[float] = []

        async def one_after_the_other() -> None:
            for _ in range(count // self._in_flight):
                begun = time.perf_counter()
                answer = await self._ask()
                latencies_s.append(time.perf_counter() - begun)
                assert answer == _ANSWER, answer

        await asyncio.gather(*(one_after_the_other() for _ in range(self._in_flight)))
        return Outcome(done=len(latencies_s), latencies_s=latencies_s)

    async def teardown(self) -> None:
        """End both."""
        await self._open.aclose()
        server: subprocess.Popen[str] | None = getattr(self, "_server", None)
        if server is not None:
            await asyncio.to_thread(server.communicate)


class ByHand(_LLMSide):
    """The openai client, streamed, as its documentation shows it."""

    async def asker(self, url: str) -> Callable[[], Awaitable[str]]:
        """The client's own call."""
        from shoal.models.openai.by_hand import ask_by_hand, client_by_hand  # noqa: PLC0415 - imports openai

        client = await self._open.enter_async_context(client_by_hand(url))
        return lambda: ask_by_hand(client, "hello")


class ByAgent(_LLMSide):
    """One LLM agent: each call is recorded and accounted, and with a budget takes leave of the limiter."""

    def __init__(self, target: str | None, in_flight: int, budget: Budget | None = None) -> None:
        super().__init__(in_flight)
        self._target = target
        self._budget = budget

    async def asker(self, url: str) -> Callable[[], Awaitable[str]]:
        """An ask of the agent."""
        directory = self._open.enter_context(tempfile.TemporaryDirectory(prefix="shoal-bench-"))
        system = await self._open.enter_async_context(
            start(self._target, run_dir=directory, budget=self._budget, ask_timeout_s=120.0)
        )
        agent = LLMAgent(Model(model="m", base_url=url), concurrency=IN_FLIGHT)
        ref = await system.spawn(agent, name="llm")
        return lambda: ref.ask("hello")


HAND: Mapping[str, SideFactory] = {
    "llm": lambda: ByHand(1),
    "llmbudget": lambda: ByHand(1),
    "llm256": lambda: ByHand(IN_FLIGHT),
}
"""The openai client without shoal, by row."""


def llm_sides(target: str | None) -> Mapping[str, SideFactory]:
    """LLM agents, by row."""
    return {
        "llm": lambda: ByAgent(target, 1),
        "llmbudget": lambda: ByAgent(target, 1, _PLENTY),
        "llm256": lambda: ByAgent(target, IN_FLIGHT),
    }
