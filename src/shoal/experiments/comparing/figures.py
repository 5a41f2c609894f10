"""A team's figures over the tasks that are compared. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shoal.experiments.comparing.comparison import CostUnit
from shoal.experiments.comparing.quantile import quantile
from shoal.experiments.result import Result, State
from shoal.models.money import NANO


class Cost(NamedTuple):
    """What some tasks took, in all."""

    calls: int
    input_tokens: int
    output_tokens: int
    usd: float
    priced: bool

    @property
    def tokens(self) -> int:
        """Input and output."""
        return self.input_tokens + self.output_tokens


class Latency(NamedTuple):
    """Seconds from submission to end, of tasks with an answer."""

    p50_s: float | None
    p95_s: float | None


def cost_of(results: Sequence[Result]) -> Cost:
    """What these tasks took; dollars are summed in whole billionths, as budgets count them."""
    return Cost(
        calls=sum(result.calls for result in results),
        input_tokens=sum(result.input_tokens for result in results),
        output_tokens=sum(result.output_tokens for result in results),
        usd=sum(round(result.usd * NANO) for result in results) / NANO,
        priced=all(result.priced for result in results),
    )


def cost_unit(costs: Sequence[Cost]) -> CostUnit | None:
    """What all teams can be held against each other by: dollars where all prices are known and there are any, else
    tokens; ``None`` where no model was asked."""
    if all(cost.priced for cost in costs) and any(cost.usd for cost in costs):
        return CostUnit.USD
    return CostUnit.TOKENS if any(cost.tokens for cost in costs) else None


def multiplier(cost: Cost, baseline: Cost, unit: CostUnit | None) -> float | None:
    """How many times the baseline's cost; ``None`` where the baseline has none."""
    if unit is None:
        return None
    mine, other = (cost.usd, baseline.usd) if unit is CostUnit.USD else (cost.tokens, baseline.tokens)
    return mine / other if other else None


def latency_of(results: Sequence[Result]) -> Latency:
    """The median, and what 95 of 100 stay under."""
    times = sorted(
        result.took_s
        for result in results
        if result.took_s is not None and result.state in (State.DONE, State.PARTIAL)
    )
    return Latency(quantile(times, 0.5), quantile(times, 0.95))


def case_scores(cases: Sequence[Sequence[str]], results: Sequence[Mapping[str, Result]]) -> list[list[float]]:
    """Of each team, one score for each case that all teams have a score of: the mean of its repeats.

    A repeat that one team has no score of counts for none.
    """
    scores: list[list[float]] = [[] for _ in results]
    for case in cases:
        judged = [task for task in case if all(each[task].score is not None for each in results)]
        if judged:
            for mine, each in zip(scores, results, strict=True):
                mine.append(math.fsum(each[task].score or 0.0 for task in judged) / len(judged))
    return scores
