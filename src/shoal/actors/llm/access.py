"""How an LLM agent reaches its models: the chain it may ask, opened in the process it runs in.

Agents travel with names and data only; connections, circuit breakers and caches belong to a process, and are shared by
its agents.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from shoal.actors.approvals.asking import ask_person
from shoal.actors.limits import permits_of
from shoal.actors.llm.plan import PERSON, Fallback, ModelChoice, Plan
from shoal.actors.llm.registry import limits_of, models_of
from shoal.models.calling import (
    AnswerCache,
    Breakers,
    CallAccount,
    Caller,
    Candidate,
    Clock,
    MemoryAnswers,
    SqliteAnswers,
)
from shoal.models.chat import ChatRequest, ChatResponse
from shoal.models.errors import ModelError
from shoal.models.opening import open_model
from shoal.models.prices import FREE, load_prices
from shoal.models.spec import Model
from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError
from shoal.runtime.host import Host

_KEPT = "shoal.llm"
_ANSWERS_FILE = "answers.db"
_QUESTION_SHOWN = 4000
_accounts: ContextVar[list[CallAccount] | None] = ContextVar("shoal_model_accounts", default=None)
_handling: ContextVar[Context | None] = ContextVar("shoal_model_handling", default=None)


class _Process:
    """What the LLM agents of one host share."""

    def __init__(self, host: Host) -> None:
        self.breakers = Breakers(Clock().now, host.stats.breakers)
        self.caches: dict[str, AnswerCache] = {}


_processes: WeakKeyDictionary[Host, _Process] = WeakKeyDictionary()


class ModelAccess:
    """The models of one agent, opened."""

    def __init__(self, plan: Plan, ctx: Context) -> None:
        """Raises :class:`ConfigError` for a model that is not known or cannot be opened."""
        host = ctx._cell.host
        process = _processes.get(host)
        if process is None:
            process = _processes[host] = _Process(host)
        self._plan = plan
        registered = models_of(ctx.config)
        choices = (plan.model, *plan.fallback)
        self._chain = [_candidate(choice, registered) for choice in choices if not _is_rule(choice)]
        permits = permits_of(ctx)
        for candidate in self._chain:
            permits.declare_rates(candidate.model.endpoint, candidate.spec.rates)
        self._rules = [choice for choice in plan.fallback if _is_rule(choice) and choice != PERSON]
        self._caller = Caller(
            self._chain,
            permits=permits,
            breakers=process.breakers,
            rule=self._by_rule if self._rules else None,
            last_resort=_by_person if PERSON in plan.fallback else None,
            cache=_cache_of(plan.cache, process, ctx),
            usd_limited=limits_of(ctx.config).limits_usd,
            stats=host.stats,
            on_account=_note,
        )

    @property
    def name(self) -> str:
        """The first model's: what recorded calls are told apart by."""
        return self._chain[0].model.name if self._chain else "rule"

    @property
    def structured(self) -> str:
        """How output schemas are sent: the weakest way of the chain, for its models get the same request."""
        ways = {candidate.spec.structured for candidate in self._chain}
        return next((way for way in ("prompt", "json") if way in ways), "schema")

    @property
    def seeds_tasks(self) -> bool:
        """Whether requests are to have a seed of their task."""
        return any(candidate.spec.seed == "task" for candidate in self._chain)

    async def call(
        self, request: ChatRequest, ctx: Context, **about: Any
    ) -> tuple[ChatResponse | ModelError, list[CallAccount]]:
        """The answer, or what the call failed with, and the accounts of all models that were asked."""
        accounts: list[CallAccount] = []
        before, handled = _accounts.set(accounts), _handling.set(ctx)
        try:
            return await self._caller.call(request, steps=1, **about), accounts
        except ModelError as error:
            return error, accounts
        finally:
            _accounts.reset(before)
            _handling.reset(handled)

    async def close(self) -> None:
        """Let the connections go."""
        await asyncio.gather(*(candidate.model.close() for candidate in self._chain))

    def _by_rule(self, request: ChatRequest) -> Any:
        for rule in self._rules:
            answer = rule(request)  # type: ignore[operator]
            if answer is not None:
                return answer
        return None


def access_of(plan: Plan, ctx: Context) -> ModelAccess:
    """The agent's access, opened at its first use."""
    access: ModelAccess | None = ctx.kept.get(_KEPT)
    if access is None:
        access = ctx.kept[_KEPT] = ModelAccess(plan, ctx)
    return access


async def close_access(ctx: Context) -> None:
    """Close it, if it was used."""
    access: ModelAccess | None = ctx.kept.pop(_KEPT, None)
    if access is not None:
        await access.close()


def _candidate(choice: Fallback, registered: dict[str, Model]) -> Candidate:
    spec, model = _opened(choice, registered)  # type: ignore[arg-type]
    scripted = spec.provider == "scripted"
    return Candidate(spec, model, FREE if scripted and spec.price is None else load_prices().of(spec))


def _opened(choice: ModelChoice, registered: dict[str, Model]) -> tuple[Model, Any]:
    if isinstance(choice, str):
        spec = registered.get(choice)
        if spec is None:
            known = ", ".join(sorted(registered)) or "none"
            raise ConfigError(
                f"there is no model {choice!r}; this system knows: {known}. Give shoal.start(models={{...}})"
            )
        return spec, open_model(spec)
    if isinstance(choice, Model):
        return choice, open_model(choice)
    return getattr(choice, "spec", None) or Model(
        model=choice.name, provider="scripted", script="given"
    ), choice


def _is_rule(choice: Fallback) -> bool:
    """A function, or the person: what is no model."""
    return choice == PERSON or (callable(choice) and not hasattr(choice, "stream"))


def _cache_of(cache: Any, process: _Process, ctx: Context) -> AnswerCache | None:
    if cache is None or cache is False:
        return None
    if cache is True:
        where = ""
    elif cache == "run":
        where = str(ctx.directory() / _ANSWERS_FILE)
    elif isinstance(cache, str | Path):
        where = str(Path(cache).absolute())
    else:
        raise ConfigError(
            f"cache is {cache!r}; give True (this process), 'run' (all of the run), or the path of a file"
        )
    if where not in process.caches:
        process.caches[where] = AnswerCache(SqliteAnswers(Path(where)) if where else MemoryAnswers())
    return process.caches[where]


def _note(account: CallAccount) -> None:
    accounts = _accounts.get()
    if accounts is not None:
        accounts.append(account)


async def _by_person(request: ChatRequest, failures: Sequence[ModelError]) -> ChatResponse:
    ctx = _handling.get()
    if ctx is None:
        raise ConfigError("a person can be asked only while a message is handled")
    asked = request.messages[-1].text[:_QUESTION_SHOWN]
    why = "; ".join(error.text for error in failures)
    return ChatResponse(text=await ask_person(ctx, asked, reason=f"no model answered: {why}"), model=PERSON)
