"""Which tasks of a run are worth a look: the slowest, the dearest, and those that failed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shoal.actors.llm.spending import By, Spent, calls_of, spent_by
from shoal.experiments.explaining.causes.table import innermost
from shoal.experiments.explaining.figures import span_text, tokens_text, usd_text
from shoal.experiments.explaining.gathering import all_tasks
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.journal.run_directory import root_option, unusual
from shoal.runtime.terminal.text import clipped, printable


class Choice(NamedTuple):
    """A task that one may want to look at."""

    task: str
    state: str
    took_s: float | None
    spent: Spent
    error: str
    error_text: str


class Choices(NamedTuple):
    """Tasks of a run, each list the most telling first."""

    run: str
    tasks: int
    slowest: list[Choice]
    dearest: list[Choice]
    failed: list[Choice]
    root: Path | None = None
    """Where the run is, if commands have to be told."""


def choices(reader: RunReader, most: int = 5) -> Choices:
    """The slowest, dearest and first failed tasks of a run, ``most`` of each."""
    spent = spent_by(calls_of(reader.path), By.TASK)
    found = [
        Choice(
            entry.task, entry.state, None if entry.ended_at is None else entry.ended_at - entry.submitted_at,
            spent.get(entry.task, Spent()), innermost(entry.error, entry.error_text, entry.error_details),
            entry.error_text,
        )
        for entry in all_tasks(reader)
    ]  # fmt: skip
    slowest = sorted(found, key=lambda one: -(one.took_s or 0.0))[:most]
    paid = [one for one in found if one.spent.usage.total_tokens or one.spent.usd]
    dearest = sorted(paid, key=lambda one: (-one.spent.usd, -one.spent.usage.total_tokens))[:most]
    failed = [one for one in found if one.error][:most]
    return Choices(reader.manifest.run, len(found), slowest, dearest, failed, unusual(reader.path.parent))


def choices_record(found: Choices) -> dict[str, Any]:
    """For JSON."""
    lists = {"slowest": found.slowest, "dearest": found.dearest, "failed": found.failed}
    return {"run": found.run, "tasks": found.tasks} | {
        name: [_record(one) for one in some] for name, some in lists.items()
    }


def choices_page(found: Choices) -> RenderableType:
    """For a terminal."""
    if not found.tasks:
        return Text(f"run {found.run} has begun no task yet")
    parts: list[RenderableType] = [_table(f"slowest of {found.tasks:,} tasks", found.slowest)]
    lists: Mapping[str, list[Choice]] = {"dearest": found.dearest, "failed": found.failed}
    for title, some in lists.items():
        if some:
            parts += [Text(), _table(title, some)]
    example = next(filter(None, (typed(one.task) for one in found.slowest)), "TASK")
    command = f"shoal trace {shlex.quote(found.run)} {example}{root_option(found.root)}"
    parts += [Text(), Text("look at one: ").append(command, "bold")]
    return Group(*parts)


def typed(task: str) -> str:
    """A task's id as one types it into a shell; empty for one that cannot be typed, or that looks like an option."""
    return "" if task.startswith("-") or not task.isprintable() else shlex.quote(task)


def _table(title: str, some: list[Choice]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    table.add_column(title, ratio=2, overflow="fold")
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("tokens", justify="right", no_wrap=True)
    table.add_column("US$", justify="right", no_wrap=True)
    table.add_column("", ratio=3, no_wrap=True, overflow="ellipsis")
    for one in some:
        usage = one.spent.usage
        how = Text(one.state, "dim") if not one.error else Text(
            f"{printable(one.error)}: {clipped(one.error_text, 200)}", "red"
        )  # fmt: skip
        table.add_row(
            Text(printable(one.task)), span_text(one.took_s) if one.took_s is not None else "open",
            tokens_text(usage.input_tokens, usage.output_tokens), usd_text(one.spent.usd, priced=one.spent.priced), how,
        )  # fmt: skip
    return table


def _record(one: Choice) -> dict[str, Any]:
    usage = one.spent.usage
    return {
        "task": one.task,
        "state": one.state,
        "took_s": one.took_s,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "usd": one.spent.usd,
        "priced": one.spent.priced,
        "error": one.error,
        "error_text": one.error_text,
    }
