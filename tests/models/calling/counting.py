"""Permits that are counted, and callers made of scripts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from random import Random
from typing import Any

from shoal.models.calling import CallAccount, Caller, Candidate
from shoal.models.chat import ChatChunk, ChatMessage, ChatRequest, Role
from shoal.models.errors import ModelError
from shoal.models.permits import Permit, Settlement, Want
from shoal.models.scripted import ScriptedModel
from shoal.models.spec import Model, Price, Retry
from tests.models.calling.virtual_time import clock

PRICE = Price(input=1.0, output=2.0)
REQUEST = ChatRequest(messages=(ChatMessage(role=Role.USER, text="how are you?"),), max_output_tokens=100)


class CountedPermit:
    id = ""

    def __init__(self, want: Want, waited_s: float) -> None:
        self.want = want
        self.waited_s = waited_s
        self.settlements: list[Settlement] = []

    def settle(self, took: Settlement) -> None:
        self.settlements.append(took)


class CountingPermits:
    """Says yes after ``wait_s``, or raises what ``errors`` have next (``None``: yes)."""

    def __init__(self, *errors: ModelError | None, wait_s: float = 0.0) -> None:
        self.permits: list[CountedPermit] = []
        self._errors = list(errors)
        self._wait_s = wait_s

    async def acquire(self, want: Want) -> Permit:
        if self._wait_s:
            await asyncio.sleep(self._wait_s)
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error
        permit = CountedPermit(want, self._wait_s)
        self.permits.append(permit)
        return permit

    @property
    def settled(self) -> list[Settlement]:
        """One for each permit; fails when one was settled twice or not at all."""
        assert [len(permit.settlements) for permit in self.permits] == [1] * len(self.permits)
        return [permit.settlements[0] for permit in self.permits]


class Stalling:
    """Gives its pieces at their times, counted in seconds from the request, and then never anything again."""

    name = endpoint = "stalling"

    def __init__(self, *pieces: tuple[float, ChatChunk]) -> None:
        self._pieces = pieces
        self.closed = 0
        self.calls = 0

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        self.calls += 1
        began = asyncio.get_running_loop().time()
        try:
            for at, chunk in self._pieces:
                await asyncio.sleep(began + at - asyncio.get_running_loop().time())
                yield chunk
            await asyncio.Event().wait()
        finally:
            self.closed += 1

    async def close(self) -> None:
        pass


def spec(model: str = "m", **fields: Any) -> Model:
    return Model(model=model, provider="scripted", **{"retry": Retry(attempts=3), **fields})


def scripted(script: Any, name: str = "m", price: Price | None = PRICE, **fields: Any) -> Candidate:
    latency = fields.pop("latency", 0.0)
    return Candidate(spec(name, **fields), ScriptedModel(script, name=name, latency=latency), price)


class Stage:
    """A caller with all that it is given, kept for looking at it."""

    def __init__(self, *chain: Candidate, permits: CountingPermits | None = None, **options: Any) -> None:
        self.permits = permits or CountingPermits()
        self.accounts: list[CallAccount] = []
        self.clock = clock()
        self.caller = Caller(
            chain,
            permits=self.permits,
            clock=self.clock,
            random=Random(1),
            on_account=self.accounts.append,
            **options,
        )

    @property
    def at(self) -> float:
        return self.clock.now()
