"""Models whose price is not known, where dollars are limited: each of their calls would be refused. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from shoal.actors.llm.llm_agent import LLMAgent
from shoal.experiments.file.places import Path, dotted
from shoal.experiments.file.sections import BudgetSection
from shoal.experiments.teams.sizing import asks
from shoal.models.prices import PriceTable
from shoal.models.spec import Model
from shoal.topologies.wiring.topology import Topology

REMEDY = "give price: {input: ..., output: ...}, dollars for a million tokens"


class Unpriced(NamedTuple):
    """A model whose calls would be refused."""

    name: str
    """As agents name it; empty for one that is a program's object."""
    what: str


def dollar_limit(budget: BudgetSection) -> str:
    """The first field of the experiment's budget that limits dollars; empty where none does.

    Whichever it is, calls of all models without a price are refused, also of agents that it is not about.
    """
    limits: dict[Path, float | None] = {
        ("budget",): budget.usd,
        ("budget", "per_task"): budget.per_task.usd,
        ("budget", "per_agent"): budget.per_agent.usd,
        **{("budget", "teams", name): one.usd for name, one in budget.teams.items()},
        **{("budget", "agents", name): one.usd for name, one in budget.agents.items()},
    }
    return next((dotted((*path, "usd")) for path, usd in limits.items() if usd is not None), "")


def unpriced_of_all(
    models: Mapping[str, Model], budget: BudgetSection, prices: PriceTable
) -> Iterator[Unpriced]:
    """The experiment's models that its budget would refuse."""
    limit = dollar_limit(budget)
    for name, model in models.items() if limit else ():
        if prices.of(model) is None:
            yield Unpriced(name, _what(model, limit))


def unpriced_of_agents(
    topology: Topology, name: str, models: Mapping[str, Model], limit: str, prices: PriceTable
) -> Iterator[Unpriced]:
    """Models of a team that its agents' own budgets would refuse, and a program's objects that any would.

    ``limit``: as :func:`dollar_limit` gives it. ``topology`` has been checked.
    """
    for address, asked in asks(topology, name).items():
        if not isinstance(asked.agent, LLMAgent):
            continue
        plan = asked.agent.plan
        own = any(one is not None and one.usd is not None for one in (plan.budget, plan.per_task))
        for choice in (plan.model, *plan.fallback):
            model = models.get(choice) if isinstance(choice, str) else choice
            said = limit if not isinstance(choice, str) else ""
            said = said or (f"the budget of {address}" if own else "")
            if said and isinstance(model, Model) and prices.of(model) is None:
                yield Unpriced(choice if isinstance(choice, str) else "", _what(model, said))


def _what(model: Model, limit: str) -> str:
    return f"the price of {model.model} is not known, and {limit} limits what it may cost"
