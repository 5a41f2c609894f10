"""``shoal cost RUN``: tokens and money by agent, role, task, model, edge, step or team."""

from __future__ import annotations

import json as json_module
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from shoal.actors.llm.spending import By, Spent, calls_of, spent_by, total_of
from shoal.runtime.errors import ConfigError
from shoal.runtime.journal.manifest import read_manifest
from shoal.runtime.journal.run_directory import find_directory
from shoal.runtime.terminal.options import Root, Run
from shoal.runtime.terminal.output import Output, one_line_errors
from shoal.runtime.terminal.text import plain

_SHOWN = 40


def cost(
    run: Run,
    by: Annotated[By, typer.Option(help="What calls are put together by.")] = By.AGENT,
    root: Root = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, one line a row.")] = False,
) -> None:
    """Show what a run's model calls took: calls, tokens, dollars."""
    with one_line_errors("cost"):
        directory = find_directory(run, root=root)
        read_manifest(directory)
        calls = list(calls_of(directory))
        if not calls:
            raise ConfigError(f"run {run!r} has no recorded model calls in its directory")
        sums, total = spent_by(calls, by), total_of(calls)
    if json:
        for name, spent in sums.items():
            typer.echo(json_module.dumps({by.value: name, **_fields(spent)}))
        return
    Output().page(_table(by, sums, total))


def _fields(spent: Spent) -> dict[str, object]:
    return {**spent._asdict(), "usage": spent.usage.model_dump(), "usd": spent.usd}


def _table(by: By, sums: dict[str, Spent], total: Spent) -> Table:
    table = Table(
        title="model calls, requests sent, tokens in and out", title_justify="left", show_footer=True
    )
    table.add_column(
        by.value, "total" if len(sums) <= _SHOWN else f"total of {len(sums)}", overflow="fold", min_width=18
    )
    headings = ("calls", "sent", "failed", "lost", "in", "out", "US$", "s")
    shown = [heading for heading in headings if heading != "lost" or total.lost]
    sum_ = _cells(total)
    for heading in shown:
        table.add_column(heading, sum_[heading], justify="right", no_wrap=True)
    for name, spent in list(sums.items())[:_SHOWN]:
        cells = _cells(spent)
        table.add_row(plain(name), *(cells[heading] for heading in shown))
    if len(sums) > _SHOWN:
        table.add_row(Text(f"and {len(sums) - _SHOWN} more (--json has all)", "dim"))
    notes = ["~ counted here, because the server did not say"] * total.usage.estimated
    notes += ["+ at least: some prices are not known"] * (not total.priced)
    notes += ["lost: charged, and its process died before it could record the call"] * bool(total.lost)
    table.caption = "; ".join(notes) or None
    return table


def _cells(spent: Spent) -> dict[str, str]:
    mark = "~" if spent.usage.estimated else ""
    return {
        "calls": f"{spent.calls:,}",
        "sent": f"{spent.attempts:,}",
        "failed": f"{spent.failed:,}",
        "lost": f"{spent.lost:,}",
        "in": f"{mark}{spent.usage.input_tokens:,}",
        "out": f"{mark}{spent.usage.output_tokens:,}",
        "US$": f"{spent.usd:,.6f}{'' if spent.priced else '+'}",
        "s": f"{spent.took_s:,.1f}",
    }
