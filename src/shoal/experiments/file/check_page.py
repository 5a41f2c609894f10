"""What ``shoal check`` shows of an experiment that can be run: its tasks, its teams, and what it may take."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shoal.experiments.file.addresses import some_of, unknown_budgets
from shoal.experiments.file.checking import TEAM, Checked
from shoal.experiments.file.estimate import Estimate, estimate
from shoal.experiments.file.keys import lacking_keys
from shoal.experiments.file.places import dotted
from shoal.experiments.teams.budgets import BudgetSpec
from shoal.models.prices import PriceTable
from shoal.runtime.terminal.text import plain, printable
from shoal.topologies.showing.drawing import as_tree

_GUESSED = (
    "An estimate: one call for each ask, answers as long as they may be; without repairs, retries and what agents give "
    "one another."
)


def check_page(checked: Checked, prices: PriceTable) -> RenderableType:
    """The page; its last line is ``ok``."""
    experiment = checked.loaded.experiment
    estimates = {
        name: estimate(team, TEAM, checked.tasks, experiment.models, prices)
        for name, team in checked.teams.items()
    }
    parts: list[RenderableType] = [_line(line) for line in _head(checked)]
    for name, team in checked.teams.items():
        parts += [Text(), _line(name, "bold"), as_tree(team.describe(TEAM))]
    parts.append(Text())
    if any(one.agents for one in estimates.values()):
        parts += [_table(estimates, len(checked.tasks)), Text(_GUESSED, "dim"), Text()]
    else:
        parts += [Text("Nobody asks a model: no tokens, no cost."), Text()]
    return Group(*parts, *(_line(line, "yellow") for line in warnings_of(checked)), Text("ok", "green"))


def _line(text: str, style: str = "") -> Text:
    """What the file says, on a line, without what commands the terminal."""
    return Text(printable(text.replace("\n", " ")), style)


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
    for title in ("calls a task", "at most", "calls in all", "tokens in all, about", "US dollars, about"):
        table.add_column(title, justify="right")
    for name, one in estimates.items():
        most = "no bound" if one.most_calls is None else f"{one.most_calls:,}"
        usd = "price not known" if one.usd is None else _dollars(one.usd * tasks)
        table.add_row(
            plain(name),
            f"{one.calls:.3g}",
            most,
            f"{one.calls * tasks:,.0f}",
            f"{one.tokens * tasks:,.0f}",
            usd,
        )
    return table


def _dollars(amount: float) -> str:
    return "< 0.01" if 0 < amount < 0.01 else f"{amount:,.2f}"


def warnings_of(checked: Checked) -> Iterator[str]:
    """What need not be wrong, and mostly is."""
    experiment = checked.loaded.experiment
    for name, what in lacking_keys(experiment.models):
        yield f"models.{name}: {what} here; a run needs it"
    for one in unknown_budgets(experiment.budget, checked.teams.values(), TEAM):
        yield f"{dotted(one.path)}: {one.what}"
    known = sorted({one for team in checked.teams.values() for one in team.addresses(TEAM)})
    for role in experiment.cluster.roles:
        if not any(_is_meant(role, address) for address in known):
            yield f"cluster.roles.{role}: no agent here is called so; there are {some_of(known)}"


def _is_meant(role: str, address: str) -> bool:
    """By its address, the last part of it, or a pattern."""
    return fnmatchcase(address, role) or fnmatchcase(address.rpartition("/")[2], role)
