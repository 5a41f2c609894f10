"""What each task took: model calls as they were recorded, messages as they were journaled. Pure.

Dollars are summed in whole billionths, as budgets count them, so that sums are the same in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from shoal.actors.llm.recorded import ModelCall
from shoal.models.money import NANO
from shoal.runtime.journal.entries import MessageEntry


class Cost(NamedTuple):
    """What some model calls took."""

    calls: int = 0
    """Requests that were sent, those that failed included."""
    input_tokens: int = 0
    output_tokens: int = 0
    nano_usd: int = 0
    """Billionths of a US dollar."""
    priced: bool = True
    """Whether all prices are known; else ``nano_usd`` is too low."""

    @property
    def usd(self) -> float:
        """US dollars."""
        return self.nano_usd / NANO

    @property
    def nothing(self) -> bool:
        """Whether nothing was sent and nothing charged."""
        return not (self.calls or self.input_tokens or self.output_tokens or self.nano_usd)

    def plus(self, call: ModelCall) -> Cost:
        """With one more call."""
        calls, read, wrote, nano, priced = self
        for account in call.accounts:
            calls += account.attempts
            read += account.usage.input_tokens
            wrote += account.usage.output_tokens
            nano += account.nano_usd
            priced = priced and account.priced
        return Cost(calls, read, wrote, nano, priced)


class Trail(NamedTuple):
    """The messages of one task."""

    path: tuple[str, ...] = ()
    """The agents that handled them, in the order of their first."""
    messages: int = 0


NO_COST, NO_TRAIL = Cost(), Trail()


def costs_of(calls: Iterable[ModelCall]) -> dict[str, Cost]:
    """What the calls took, by task."""
    costs: dict[str, Cost] = {}
    for call in calls:
        costs[call.task] = costs.get(call.task, NO_COST).plus(call)
    return costs


def trails_of(messages: Iterable[MessageEntry]) -> dict[str, Trail]:
    """The way of each task through its team. Messages may come in any order."""
    counts: dict[str, int] = {}
    firsts: dict[str, dict[str, float]] = {}
    for message in messages:
        task = message.task
        if task is None:
            continue
        counts[task] = counts.get(task, 0) + 1
        agents = firsts.setdefault(task, {})
        first = agents.get(message.recipient)
        if first is None or message.at < first:
            agents[message.recipient] = message.at
    return {task: Trail(_in_order(agents), counts[task]) for task, agents in firsts.items()}


def _in_order(agents: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(sorted(agents, key=lambda agent: agents[agent]))
