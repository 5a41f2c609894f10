"""One attempt at a call: circuit breaker, leave, the answer, and what it took.

Once leave was given it is settled exactly once, however the attempt ends: between the two there is no ``await``
outside the ``try``. The breaker hears of the end in the same place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from shoal.models.calling.account import Outcome, outcome_of
from shoal.models.calling.bill import Bill, Total
from shoal.models.calling.breaker import Event
from shoal.models.calling.breakers import Breakers
from shoal.models.calling.candidate import Ask, Candidate, output_limit, want
from shoal.models.calling.charging import charged
from shoal.models.calling.clock import Clock
from shoal.models.calling.hedging import Signals
from shoal.models.calling.metering import Meter
from shoal.models.calling.reading import Limit, Reading
from shoal.models.chat import ChatResponse, Usage
from shoal.models.errors import LimitError, ModelError, ModelTimeout, ModelUnavailable, RateLimited
from shoal.models.permits import Permit, Permits, Settlement
from shoal.models.prices import cost
from shoal.models.tokens import estimate_input, estimate_text

_CUTS = (Limit.WHOLE.value, Limit.DEADLINE.value)
"""The time limits at which a partial answer may be given."""


class Attempts:
    """Makes attempts, with what all callers of a process share."""

    def __init__(
        self, permits: Permits, breakers: Breakers, clock: Clock, meter: Meter, *, usd_limited: bool
    ) -> None:
        self._permits = permits
        self._breakers = breakers
        self._clock = clock
        self._meter = meter
        self._usd_limited = usd_limited

    async def make(self, ask: Ask, bill: Bill, total: Total, signals: Signals) -> ChatResponse:
        """Ask once. Raises :class:`ModelError`; what was charged is on the ``bill``."""
        candidate = bill.candidate
        try:
            answer = await self._make(ask, bill, total, signals)
        except BaseException as error:
            self._meter.ended(candidate.model.name, outcome_of(error))
            raise
        self._meter.ended(candidate.model.name, Outcome.PARTIAL if answer.partial else Outcome.OK)
        self._meter.answered(candidate.model.name, answer)
        return answer

    async def _make(self, ask: Ask, bill: Bill, total: Total, signals: Signals) -> ChatResponse:
        candidate = bill.candidate
        self._check_deadline(candidate, ask)
        outing = self._breakers.ask(candidate.model.endpoint, candidate.model.name, candidate.spec.breaker)
        try:
            permit = await self._leave(ask, candidate, total)
        except BaseException:
            outing.end(Event.GIVEN_UP)
            raise
        bill.attempts += 1
        bill.waited_s += permit.waited_s
        self._meter.waited(candidate.model.name, permit.waited_s)
        reading = Reading(candidate, self._clock.now)
        signals.sent()
        try:
            answer = await self._read(ask, candidate, reading, signals)
        except BaseException as error:
            writes_on = 0 if candidate.spec.stream else output_limit(candidate, ask)
            said, written = reading.assembler.usage, reading.written
            usage = charged(error, said, written, _estimate(ask), writes_on)
            self._settle(bill, permit, usage, error)
            outing.end(_event_of(error))
            raise
        self._settle(bill, permit, answer.usage)
        outing.end(Event.FAILED if answer.partial and self._left(ask) else Event.SUCCEEDED)
        return answer

    async def _leave(self, ask: Ask, candidate: Candidate, total: Total) -> Permit:
        steps = 0 if total.step_taken else ask.steps
        wanted = want(candidate, ask, steps=steps, usd_limited=self._usd_limited)
        try:
            async with asyncio.timeout(self._clock.left_s(ask.deadline)) as timer:
                permit = await self._permits.acquire(wanted)
        except TimeoutError as exc:
            if not timer.expired():
                raise
            raise past_deadline(candidate) from exc
        total.step_taken = True
        return permit

    async def _read(self, ask: Ask, candidate: Candidate, reading: Reading, signals: Signals) -> ChatResponse:
        left_s = self._clock.left_s(ask.deadline)
        cut = False
        try:
            await reading.run(candidate.model.stream(ask.request), left_s, signals.token)
        except ModelUnavailable as error:
            # With its finish reason an answer is whole, also when the server fails to end the stream.
            whole = reading.assembler.finished
            cut = not whole and ask.partial and error.details.get("limit") in _CUTS
            if not whole and not (cut and reading.assembler.text):
                raise
        assembler = reading.assembler
        answer = assembler.partial(_estimate(ask)) if cut else assembler.result(_estimate(ask))
        times = {"first_token_s": reading.first_token_s or reading.took_s, "took_s": reading.took_s}
        return answer.model_copy(update=times)

    def _settle(
        self, bill: Bill, permit: Permit, usage: Usage | None, error: BaseException | None = None
    ) -> None:
        usd = 0.0 if usage is None else cost(bill.candidate.price, usage)
        limited = isinstance(error, RateLimited)
        permit.settle(
            Settlement(
                tokens=0 if usage is None else usage.total_tokens,
                usd=usd,
                rate_limited=limited,
                retry_after_s=error.retry_after_s if isinstance(error, RateLimited) else None,
            )
        )
        bill.add(permit, usage, usd)
        if usage is not None:
            self._meter.took(bill.candidate.model.name, usage, usd)

    def _check_deadline(self, candidate: Candidate, ask: Ask) -> None:
        if not self._left(ask):
            raise past_deadline(candidate)

    def _left(self, ask: Ask) -> bool:
        left_s = self._clock.left_s(ask.deadline)
        return left_s is None or left_s > 0


def _estimate(ask: Ask) -> Callable[[str], Usage]:
    def estimate(written: str) -> Usage:
        read, wrote = estimate_input(ask.request), estimate_text(written)
        return Usage(input_tokens=read, output_tokens=wrote, estimated=True)

    return estimate


def past_deadline(candidate: Candidate) -> ModelTimeout:
    """The error to raise when there is no time left to ask."""
    return ModelTimeout(
        f"the deadline of the message passed before {candidate.model.name} could be asked; nothing was sent",
        model=candidate.model.name, endpoint=candidate.model.endpoint, limit=Limit.DEADLINE.value,
    )  # fmt: skip


def _event_of(error: BaseException) -> Event:
    """What an attempt's error says about the endpoint. It answers when it refuses, and our own limits and deadlines
    say nothing about it."""
    if not isinstance(error, ModelError) or isinstance(error, LimitError):
        return Event.GIVEN_UP
    if error.details.get("limit") == Limit.DEADLINE.value:
        return Event.GIVEN_UP
    return Event.FAILED if error.counts_against else Event.SUCCEEDED
