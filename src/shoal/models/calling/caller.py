"""The caller: what asks models for an agent, and survives their failures.

A call goes down a chain of models. One model is asked again after failures that may pass (see ``retrying``); then the
next one is asked; then the rule, a function of the request; then the last resort, such as a person. What goes on to
the next one: a model that is unavailable, too slow, rate limited or answers nothing that can be read, a circuit that is
open, and a budget that the call does not fit into (a cheaper model may). What does not, because another model would
hide a mistake in the request or overrule a refusal, unless ``fall_back_on`` names it: ``ContextTooLong``,
``ModelRejected``, ``ModelRefused``. Without a limiter no other model is asked either, but rule and last resort are.
An answer that was cut by its length limit is given back as it is.

The answer's ``usage``, ``usd`` and ``attempts`` are of the whole call: attempts that failed, the losers of hedged
requests and the models before it included, as far as they were charged (see ``charging``). Its times are those of
the attempt that succeeded. An answer from the cache has cost nothing, and takes no step of a budget. An error says in
its details what was charged: ``usage``, ``usd``, ``attempts``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from random import Random

from pydantic import BaseModel

from shoal.models.calling.account import CallAccount, Outcome, outcome_of
from shoal.models.calling.answers import AnswerCache, Found
from shoal.models.calling.attempt import Attempts, past_deadline
from shoal.models.calling.bill import Bill, Total
from shoal.models.calling.breakers import Breakers
from shoal.models.calling.candidate import Ask, Candidate
from shoal.models.calling.clock import Clock
from shoal.models.calling.hedging import Signals, hedged
from shoal.models.calling.metering import Meter
from shoal.models.calling.retrying import is_worth_it, pause_s
from shoal.models.chat import ChatRequest, ChatResponse
from shoal.models.errors import (
    BudgetExceeded,
    CircuitOpen,
    LimiterUnavailable,
    ModelError,
    ModelRefused,
    ModelRejected,
    NoModelLeft,
    NotRecorded,
    OutputInvalid,
)
from shoal.models.permits import Level, Permits, Unlimited
from shoal.models.request_key import request_key
from shoal.runtime.errors import ConfigError
from shoal.runtime.stats import HostStats

Rule = Callable[[ChatRequest], ChatResponse | BaseModel | str | None]
"""Answers without a model; ``None``: not this one."""
LastResort = Callable[[ChatRequest, Sequence[ModelError]], Awaitable[ChatResponse]]
"""Answers when nothing else did, knowing why: a queue for people, for example."""
_NOT_PASSED_ON = (ModelRejected, ModelRefused, NotRecorded, OutputInvalid)


class Caller:
    """Asks the models of ``chain``, the first one first.

    ``breakers`` and ``cache`` are to be shared by all callers of a process, ``permits`` by the cluster. ``stats`` are
    the host's. ``usd_limited`` says that a budget which is not among a call's ``levels`` limits dollars. Raises
    :class:`~shoal.runtime.errors.ConfigError` for an empty chain without a rule and a last resort.
    """

    def __init__(
        self,
        chain: Sequence[Candidate],
        *,
        permits: Permits | None = None,
        breakers: Breakers | None = None,
        rule: Rule | None = None,
        last_resort: LastResort | None = None,
        fall_back_on: tuple[type[ModelError], ...] = (),
        cache: AnswerCache | None = None,
        usd_limited: bool = False,
        clock: Clock | None = None,
        random: Random | None = None,
        stats: HostStats | None = None,
        on_account: Callable[[CallAccount], None] | None = None,
    ) -> None:
        if not chain and rule is None and last_resort is None:
            raise ConfigError("a caller needs a model, a rule or a last resort")
        self._chain = tuple(chain)
        self._rule = rule
        self._last_resort = last_resort
        self._fall_back_on = fall_back_on
        self._has_one_way = len(self._chain) == 1 and rule is None and last_resort is None
        self._cache = cache
        self._clock = clock or Clock()
        self._random = random or Random()
        self._meter = Meter(stats or HostStats(), on_account)
        self._attempts = Attempts(
            permits or Unlimited(),
            breakers or Breakers(self._clock.now),
            self._clock,
            self._meter,
            usd_limited=usd_limited,
        )

    async def call(
        self,
        request: ChatRequest,
        *,
        levels: tuple[Level, ...] = (),
        task: str = "",
        priority: int = 0,
        deadline: float | None = None,
        steps: int = 0,
        partial: bool = False,
        about: tuple[str, ...] = (),
    ) -> ChatResponse:
        """The answer to ``request``.

        ``levels`` are charged with it, for ``task``, with ``priority`` and ``about`` (see
        :class:`~shoal.models.permits.Want`), ``steps`` of them once. ``deadline`` is a wall-clock second: nothing is
        begun after it, no pause passes it, and an answer that is coming then is cut. With ``partial``, text that is
        there when the whole time or the deadline is over is given as a partial answer.

        Raises :class:`~shoal.models.errors.ModelError`: of a single model its own; of several
        :class:`~shoal.models.errors.NoModelLeft` with all causes, but ``BudgetExceeded`` when that kept each of them.
        """
        ask = Ask(request, levels, task, priority, deadline, steps, partial, about)
        total = Total()
        failures: list[ModelError] = []
        for candidate in self._chain:
            try:
                return total.on(await self._ask(ask, candidate, total))
            except ModelError as error:
                failures.append(error)
                if not self._goes_on(error):
                    total.on_error(error)
                    raise
                left_s = self._clock.left_s(deadline)
                if isinstance(error, LimiterUnavailable) or (left_s is not None and left_s <= 0):
                    break
        answer = await self._without_model(request, failures)
        if answer is None:
            raise self._given_up(failures, total)
        return total.on(answer)

    # -- one model ---------------------------------------------------------------------------------------------

    async def _ask(self, ask: Ask, candidate: Candidate, total: Total) -> ChatResponse:
        bill = Bill(candidate, bool(total.bills), self._clock.now())
        total.bills.append(bill)
        try:
            found = await self._find(ask, bill, total)
        except BaseException as error:
            self._meter.give(bill.account(outcome_of(error), self._clock.now(), None))
            raise
        answer = found.answer
        outcome = Outcome.PARTIAL if answer.partial else Outcome.OK
        self._meter.give(bill.account(outcome, self._clock.now(), answer, cached=found.hit))
        return answer

    async def _find(self, ask: Ask, bill: Bill, total: Total) -> Found:
        if self._cache is None:
            return Found(await self._try(ask, bill, total), hit=False)
        left_s = self._clock.left_s(ask.deadline)
        key = request_key(bill.candidate.identity, ask.request)
        try:
            found = await self._cache.answer(key, lambda: self._try(ask, bill, total), left_s=left_s)
        except TimeoutError as exc:
            raise past_deadline(bill.candidate) from exc
        if found.hit:
            self._meter.hit(bill.candidate.model.name)
        return found

    async def _try(self, ask: Ask, bill: Bill, total: Total) -> ChatResponse:
        failed: ModelError | None = None
        while True:
            try:
                return await self._attempt(ask, bill, total)
            except ModelError as error:
                pause = self._pause_after(error, ask, bill)
                if pause is None and failed is not None and isinstance(error, CircuitOpen):
                    raise failed from error  # it says more than that the circuit has opened at it
                if pause is None:
                    raise
                failed = error
            bill.retries += 1
            self._meter.retried(bill.candidate.model.name)
            await self._clock.sleep(pause)

    def _pause_after(self, error: ModelError, ask: Ask, bill: Bill) -> float | None:
        if not is_worth_it(error, waits_for_circuit=self._has_one_way):
            return None
        left_s = self._clock.left_s(ask.deadline)
        return pause_s(bill.candidate.spec.retry, bill.retries + 1, error.retry_after_s, self._random, left_s)

    async def _attempt(self, ask: Ask, bill: Bill, total: Total) -> ChatResponse:
        after_s = bill.candidate.spec.hedge_after_s
        if after_s is None:
            return await self._attempts.make(ask, bill, total, Signals())

        async def leg(signals: Signals) -> ChatResponse:
            return await self._attempts.make(ask, bill, total, signals)

        return await hedged(leg, after_s, self._clock.sleep)

    # -- when it fails -----------------------------------------------------------------------------------------

    def _goes_on(self, error: ModelError) -> bool:
        return not isinstance(error, _NOT_PASSED_ON) or isinstance(error, self._fall_back_on)

    async def _without_model(
        self, request: ChatRequest, failures: Sequence[ModelError]
    ) -> ChatResponse | None:
        answer = self._rule(request) if self._rule is not None else None
        if answer is None:
            return None if self._last_resort is None else await self._last_resort(request, failures)
        if not isinstance(answer, ChatResponse):
            text = answer if isinstance(answer, str) else answer.model_dump_json()
            answer = ChatResponse(text=text, model="rule")
        account = CallAccount(model=answer.model or "rule", endpoint="rule", fallback=bool(failures))
        self._meter.give(account)
        return answer

    def _given_up(self, failures: Sequence[ModelError], total: Total) -> ModelError:
        only_budgets = failures and all(isinstance(error, BudgetExceeded) for error in failures)
        if only_budgets or self._has_one_way:
            return total.on_error(failures[-1])
        causes = [
            {
                "error": type(error).__name__,
                "text": error.text,
                "model": error.details.get("model", ""),
                "endpoint": error.details.get("endpoint", ""),
            }
            for error in failures
        ]
        told = "; ".join(f"{cause['model']}: {cause['error']}: {cause['text']}" for cause in causes)
        none = NoModelLeft(f"no model answered: {told or 'there is none'}", causes=causes)
        none.__cause__ = failures[-1] if failures else None
        return total.on_error(none)
