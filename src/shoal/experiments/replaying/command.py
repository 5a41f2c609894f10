"""``shoal replay``: play a task of a run again, with recorded answers and without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, TextIO

import typer

from shoal.experiments.finished import ExperimentRun, open_experiment
from shoal.experiments.output import experiment_errors, prints_aside
from shoal.experiments.replaying.page import as_json, replayed_page, replays_page
from shoal.experiments.replaying.replay import Options, Replayed, replay_task
from shoal.experiments.running.plan import TEAM, Plan
from shoal.experiments.running.planning import plan_resume
from shoal.experiments.running.settings import settings_of
from shoal.runtime.terminal.options import Root, Run
from shoal.runtime.terminal.output import Output

DIFFERENT = 3
"""Exit status when something went another way than it was recorded."""
_PAGE = 1000
_NOT_REPLAYED = ("budget", "limits", "journal", "state_store", "metrics_port", "metrics_host")
"""Settings that decide when models are asked (a replay asks none), where state is kept (it keeps none) and what is
served to others (nothing)."""


def replay(
    run: Run,
    task: Annotated[
        str | None,
        typer.Argument(metavar="TASK", help="Its id; all that ended unless given.", show_default=False),
    ] = None,
    root: Root = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask models and tools for what is not recorded.")
    ] = False,
    pdb: Annotated[
        bool, typer.Option("--pdb", help="Stop in the debugger where it diverges or a handler raises.")
    ] = False,
    limit_s: Annotated[float, typer.Option(min=0.1, help="Longest time for one task, in seconds.")] = 600.0,
    json: Annotated[bool, typer.Option("--json", help="As JSON, one line a task.")] = False,
) -> None:
    """Play a task again in this process: recorded answers of models and tools, no network. Says where it diverged."""
    with (
        experiment_errors("replay"),
        open_experiment(run, root=root) as recorded,
        prints_aside(json) as output,
    ):
        plan = plan_resume(recorded.path)
        options = Options(
            live=live, debug=pdb, limit_s=limit_s, settings=_settings(plan), state_store=plan.state_store
        )
        replays = asyncio.run(_all(recorded, plan, task, options, output if json else None))
    if not json:
        Output().page(replayed_page(replays[0]) if task is not None else replays_page(replays))
    if not all(one.same for one in replays):
        raise typer.Exit(DIFFERENT)


async def _all(
    recorded: ExperimentRun, plan: Plan, task: str | None, options: Options, lines: TextIO | None
) -> list[Replayed]:
    replays = []
    async for one in _replays(recorded, plan, task, options):
        replays.append(one)
        if lines is not None:
            typer.echo(as_json(one), file=lines)
    return replays


async def _replays(
    recorded: ExperimentRun, plan: Plan, task: str | None, options: Options
) -> AsyncIterator[Replayed]:
    if task is not None:
        yield await replay_task(recorded.reader, plan.topology, TEAM, task, options)
        return
    skip = 0
    while entries := recorded.reader.tasks(limit=_PAGE, skip=skip):
        skip += len(entries)
        for entry in entries:
            if not entry.open:
                yield await replay_task(recorded.reader, plan.topology, TEAM, entry.task, options)


def _settings(plan: Plan) -> dict[str, object]:
    settings = settings_of(plan.experiment, Path(plan.environment.folder), "local")
    return {name: value for name, value in settings.items() if name not in _NOT_REPLAYED}
