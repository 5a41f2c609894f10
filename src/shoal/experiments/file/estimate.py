"""What an experiment may take of its models: an estimate before anything is called. Pure.

Counted are the asks that the team's pattern makes for a task, one model call for each (as many as its votes), the
tokens of instructions, prompt, tools, schema and of the workload's tasks, and for answers the limit they have. So
tokens and dollars are mostly too high; repairs, retries, memories and what agents give one another are not in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shoal.actors.llm.llm_agent import LLMAgent
from shoal.experiments.task import Task
from shoal.experiments.teams.sizing import Asks, asks
from shoal.models.chat import Usage
from shoal.models.prices import PriceTable, cost
from shoal.models.spec import Model
from shoal.models.tokens import estimate_text
from shoal.topologies.wiring.topology import Topology

_LOOKED_AT = 200
"""Tasks, evenly spread, that the mean length is taken from."""
_AROUND = 20
"""Tokens of a chat template around system message, message and answer."""


@dataclass(frozen=True)
class AgentEstimate:
    """An LLM agent's share of one task."""

    address: str
    model: str
    calls: float
    most_calls: int | None
    """``None``: the pattern has no bound, only budgets have."""
    input_tokens: float
    """Of all its calls."""
    output_tokens: float
    """At most, of all its calls."""
    usd: float | None
    """``None``: the price is not known."""


@dataclass(frozen=True)
class Estimate:
    """Of a team, for one task."""

    agents: tuple[AgentEstimate, ...]

    @property
    def calls(self) -> float:
        """As they usually are."""
        return sum(one.calls for one in self.agents)

    @property
    def most_calls(self) -> int | None:
        """The bound, if all agents have one."""
        every = [one.most_calls for one in self.agents]
        return None if any(one is None for one in every) else sum(one for one in every if one is not None)

    @property
    def tokens(self) -> float:
        """Input and output."""
        return sum(one.input_tokens + one.output_tokens for one in self.agents)

    @property
    def usd(self) -> float | None:
        """US dollars; ``None``: a price is not known."""
        every = [one.usd for one in self.agents]
        return None if any(one is None for one in every) else sum(one for one in every if one is not None)


def estimate(
    topology: Topology, name: str, tasks: Sequence[Task], models: Mapping[str, Model], prices: PriceTable
) -> Estimate:
    """What one task may take of the team's models. Called after ``check``."""
    length = _mean_tokens(tasks)
    found = [
        _of_agent(address, asked.agent, asked, length, models, prices)
        for address, asked in asks(topology, name).items()
        if isinstance(asked.agent, LLMAgent)
    ]
    return Estimate(tuple(found))


def _of_agent(
    address: str,
    agent: LLMAgent,
    asked: Asks,
    length: float,
    models: Mapping[str, Model],
    prices: PriceTable,
) -> AgentEstimate:
    plan = agent.plan
    model = models.get(plan.model) if isinstance(plan.model, str) else plan.model
    spec = model if isinstance(model, Model) else None
    votes = plan.votes.of if plan.votes is not None else 1
    calls = asked.typical * votes
    steps = plan.rules.max_steps * votes
    most_output = plan.rules.max_output_tokens or (spec.max_output_tokens if spec is not None else 1024)
    into, out = calls * (_fixed_tokens(agent) + length), calls * most_output
    return AgentEstimate(
        address=address,
        model=_model_name(plan.model),
        calls=calls,
        most_calls=None if asked.most is None else round(asked.most * steps),
        input_tokens=into,
        output_tokens=out,
        usd=_usd(spec, into, out, prices),
    )


def _model_name(model: Any) -> str:
    if isinstance(model, str):
        return model
    return model.model if isinstance(model, Model) else str(getattr(model, "name", "a model of the program"))


def _usd(spec: Model | None, into: float, out: float, prices: PriceTable) -> float | None:
    if spec is None:
        return 0.0  # an object of the program, as scripted ones are
    price = prices.of(spec)
    if price is None:
        return None
    return cost(price, Usage(input_tokens=round(into * 1000), output_tokens=round(out * 1000))) / 1000


def _fixed_tokens(agent: LLMAgent) -> int:
    """What is in each request, whatever the task."""
    plan = agent.plan
    texts = [plan.instructions.text, plan.prompt.text if plan.prompt is not None else ""]
    texts += [json.dumps(tool.spec.parameters) + tool.spec.description for tool in plan.tools]
    if plan.shape.schema is not None:
        texts.append(json.dumps(plan.shape.schema.json_schema))
    return _AROUND + sum(estimate_text(text) for text in texts)


def _mean_tokens(tasks: Sequence[Task]) -> float:
    seen = tasks[:: max(1, len(tasks) // _LOOKED_AT)]
    return sum(estimate_text(_as_text(task.input)) for task in seen) / len(seen) if seen else 0.0


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
