"""What the demo says before and after the comparison."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from rich.table import Table
from rich.text import Text

from shoal.demo.docstrings.folder import ASKED
from shoal.experiments.comparing.comparison import Comparison
from shoal.experiments.finished import open_experiment
from shoal.runtime.terminal.output import Output
from shoal.runtime.terminal.text import printable

_QUOTED = 90


def introduce(output: Output, folder: Path, cases: int) -> None:
    """The question, with an example of it."""
    first = _example(folder / ASKED)
    output.page(Text("From which package of Python's standard library is a docstring?", "bold"))
    output.page(
        Text.assemble("\n  ", (f"“{printable(first['text'])}”", "italic"), f"  → {first['package']}\n")
    )
    output.page(
        Text(
            f"{cases} such questions, from the library on this machine, and four teams to answer them. Their agents "
            "have learned from other docstrings by counting: no key, no server, no account."
        )
    )
    output.line()


def say_command(output: Output, *words: str) -> None:
    """A command, as the user would give it."""
    output.line(Text.assemble(("$ ", "green"), (" ".join(words), "bold")), indent=2)


def what_next(folder: Path, found: Comparison, report: str) -> Table:
    """Commands that go on from here."""
    task, run = _worth_a_look(found)
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(style="dim")
    table.add_row(f"$ cd {folder}", "an experiment: change it, and compare again")
    table.add_row(f"$ shoal trace {run} {task}", "a task on which the teams differ")
    table.add_row(f"$ shoal why {run} {task}", "what its answer rests on")
    table.add_row(f"  {folder / report}", "the report, to look at in a browser")
    return table


def _example(asked: Path) -> dict[str, str]:
    """The first question that is short enough to be quoted on a line."""
    with asked.open(encoding="utf-8") as lines:
        cases: list[dict[str, str]] = [json.loads(line) for line in lines]
    return next((case for case in cases if len(case["text"]) <= _QUOTED), cases[0])


def _worth_a_look(found: Comparison) -> tuple[str, str]:
    """A task that teams answered differently, and the run of the last team that was right about it."""
    scores = {team.run: dict(_scores(team.run)) for team in found.teams}
    first, *others = scores
    for task, score in scores[first].items():
        right = [run for run in others if scores[run].get(task, 0.0) > (score or 0.0)]
        if right:
            return task, right[0]
    return next(iter(scores[first]), ""), first


def _scores(run: str) -> Iterator[tuple[str, float]]:
    with open_experiment(run) as read:
        for result in read.results():
            yield result.task, result.score or 0.0
