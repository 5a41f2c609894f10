"""What ``shoal check`` shows of an experiment that can be run: its tasks, its teams, and what it may take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from shoal.experiments.file.checking import TEAM, Checked
from shoal.experiments.file.estimate import Estimate, estimate
from shoal.experiments.teams.budgets import BudgetSpec
from shoal.models.prices import PriceTable, is_loopback
from shoal.topologies.showing.drawing import as_tree

_GUESSED = (
    "An estimate: one call for each ask, answers as long as they may be; without repairs, retries and what agents give "
    "one another."
)
_SHOWN = 8


def check_page(checked: Checked, prices: PriceTable) -> RenderableType:
    """The page; its last line is ``ok``."""
    experiment = checked.loaded.experiment
    estimates = {
        name: estimate(team, TEAM, checked.tasks, experiment.models, prices)
        for name, team in checked.teams.items()
    }
    parts: list[RenderableType] = [Text(line) for line in _head(checked)]
    for name, team in checked.teams.items():
        parts += [Text(), Text(name, "bold"), as_tree(team.describe(TEAM))]
    parts.append(Text())
    if any(one.agents for one in estimates.values()):
        parts += [_table(estimates, len(checked.tasks)), Text(_GUESSED, "dim"), Text()]
    else:
        parts += [Text("Nobody asks a model: no tokens, no cost."), Text()]
    return Group(*parts, *(Text(line, "yellow") for line in warnings_of(checked)), Text("ok", "green"))


def _head(checked: Checked) -> Iterator[str]:
    experiment = checked.loaded.experiment
    yield f"experiment  {experiment.name}" + (f": {experiment.description}" if experiment.description else "")
    cases = len({task.case for task in checked.tasks})
    repeated = (
        f", each {experiment.repeats} times: {len(checked.tasks):,} tasks" if experiment.repeats > 1 else ""
    )
    answers = sum(task.expected is not None for task in checked.tasks if task.repeat == 1)
    known = f", {answers:,} with expected answers" if answers else ""
    yield f"workload    {cases:,} cases{known}{repeated}"
    yield f"score       {checked.scorer.name if checked.scorer is not None else 'none'}"
    yield f"runs on     {experiment.cluster.address or 'Ray on this machine'}"
    if budget := _amounts(experiment.budget):
        yield f"budget      {budget}, for each run"
    if budget := _amounts(experiment.budget.per_task):
        yield f"            {budget}, for each task"


def _amounts(budget: BudgetSpec) -> str:
    told = [
        f"{amount:,} {name}"
        for name, amount in (("tokens", budget.tokens), ("calls", budget.calls), ("steps", budget.steps))
        if amount is not None
    ]
    if budget.usd is not None:
        told.append(f"{budget.usd:,.2f} US dollars")
    if budget.wall is not None:
        told.append(f"{budget.wall:g} s")
    return ", ".join(told)


def _table(estimates: dict[str, Estimate], tasks: int) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("team")
    for title in ("calls a task", "at most", "calls in all", "tokens in all, up to", "US dollars, up to"):
        table.add_column(title, justify="right")
    for name, one in estimates.items():
        most = "no bound" if one.most_calls is None else f"{one.most_calls:,}"
        usd = "price not known" if one.usd is None else f"{one.usd * tasks:,.2f}"
        table.add_row(
            escape(name),
            f"{one.calls:.3g}",
            most,
            f"{one.calls * tasks:,.0f}",
            f"{one.tokens * tasks:,.0f}",
            usd,
        )
    return table


def warnings_of(checked: Checked) -> Iterator[str]:
    """What need not be wrong, and mostly is."""
    experiment = checked.loaded.experiment
    for name, model in experiment.models.items():
        needs_key = model.provider == "openai" and not is_loopback(model.base_url)
        if needs_key and not os.environ.get(model.api_key_env):
            yield f"models.{name}: {model.api_key_env} is not set here; a run needs it"
    known = sorted({one for team in checked.teams.values() for one in team.addresses(TEAM)})
    for section, names in (("agents", experiment.budget.agents), ("teams", experiment.budget.teams)):
        for name in names:
            if name not in known:
                yield f"budget.{section}.{name}: no team here has that address; there are {_some(known)}"
    for role in experiment.cluster.roles:
        if not any(_is_meant(role, address) for address in known):
            yield f"cluster.roles.{role}: no agent here is called so; there are {_some(known)}"


def _is_meant(role: str, address: str) -> bool:
    """By its address, the last part of it, or a pattern."""
    return fnmatchcase(address, role) or fnmatchcase(address.rpartition("/")[2], role)


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
