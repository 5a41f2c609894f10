"""``shoal run FILE`` and ``shoal resume RUN``."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shoal.experiments.cluster import ends_with_job
from shoal.experiments.errors import Problem, bad_experiment
from shoal.experiments.file.checking import check_experiment
from shoal.experiments.file.loaded import Loaded
from shoal.experiments.file.loading import load
from shoal.experiments.layout import EXPERIMENT_FILE
from shoal.experiments.options import Address, Overrides
from shoal.experiments.output import experiment_errors
from shoal.experiments.running.closing import closing_page, resume_command
from shoal.experiments.running.display import display_for
from shoal.experiments.running.environment import read_environment
from shoal.experiments.running.finishing import finish_complete
from shoal.experiments.running.kept_session import KeptSession
from shoal.experiments.running.launching import base_name
from shoal.experiments.running.outcome import Ending, Outcome
from shoal.experiments.running.plan import Plan
from shoal.experiments.running.planning import again, plan_resume, plan_run, root_of, team_named
from shoal.experiments.running.runner import Runner
from shoal.experiments.running.stop import INTERRUPTED, Stop
from shoal.runtime.journal.command import resume as resume_program
from shoal.runtime.journal.resuming import RESUME_VARIABLE
from shoal.runtime.journal.run_directory import find_directory, runs_root
from shoal.runtime.terminal.options import Root, Run
from shoal.runtime.terminal.output import one_line_errors

_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")]


def run(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="The experiment: YAML, JSON, or Python as file.py:name.", show_default=False
        ),
    ],
    overrides: Overrides = [],  # noqa: B006 - Typer's way
    team: Annotated[
        str | None, typer.Option(help="Of several teams, only this one.", show_default=False)
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Name of the run; else the experiment's with date and time.", show_default=False),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run of this --name if it is there.")
    ] = False,
    root: Root = None,
    address: Address = None,
    quiet: _Quiet = False,
) -> None:
    """Run an experiment: its team, or each of its teams one after the other, over its workload.

    Ctrl-C ends it in order and says how to go on. Status 0: every task has ended; 1: not, or an error; 2: the file or
    the workload is wrong; 130: interrupted.
    """
    with experiment_errors("run"):
        plans = _plans(file, overrides, team, name, root, address, resume=resume)
        status = 0
        if ends_with_job(plans[0].root):
            Console(stderr=True).print(
                f"[yellow]shoal run:[/yellow] {plans[0].root} is in the job's own folder, which goes with the job: "
                "give --root or SHOAL_RUNS, a folder that stays",
                highlight=False, soft_wrap=True,
            )  # fmt: skip
        with KeptSession() as session:
            for plan in plans:
                if len(plans) > 1:
                    session.keep_for(plan)
                status = max(status, _run(plan, root, quiet=quiet))
                if status == INTERRUPTED:
                    break
    raise typer.Exit(status)


def resume(
    run: Run,
    root: Root = None,
    overrides: Overrides = [],  # noqa: B006 - Typer's way
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Do tasks again that failed.")] = False,
    address: Address = None,
    quiet: _Quiet = False,
) -> None:
    """Go on with a run that was killed, interrupted or ran out of budget: what is recorded is not done again."""
    with one_line_errors("resume"):
        path = find_directory(run, root=root)
    with experiment_errors("resume"):
        if not (path / EXPERIMENT_FILE).exists() or read_environment(path).made_by == "program":
            resume_program(run, root)
            return
        plan = plan_resume(path, overrides=overrides, address=address, retry_failed=retry_failed)
        done = finish_complete(plan)
        if done is not None:
            _close(done, root, quiet=quiet, said="it is complete, nothing is left to do")
            return
        status = _run(plan, root, quiet=quiet)
    raise typer.Exit(status)


def _plans(
    file: str,
    overrides: list[str],
    team: str | None,
    name: str | None,
    root: Path | None,
    address: str | None,
    *,
    resume: bool,
) -> list[Plan]:
    """The plans of all runs, made before the first is started."""
    loaded = load(file, overrides)
    experiment = loaded.experiment
    if resumed := os.environ.get(RESUME_VARIABLE):
        # `shoal resume` of a run that was killed before there was anything of the experiment in it.
        path = Path(resumed)
        team = team or next((each for each in experiment.teams if path.name.endswith(f"-{each}")), None)
        return [plan_run(loaded, team=team, run=path.name, root=path.parent, address=address)]
    if going_on := _there(loaded, name, root, resume=resume):
        return [again(loaded, going_on, read_environment(going_on), address=address)]
    base = name or base_name(experiment)
    if not experiment.teams:
        runs = [(team, base)]
    elif team is not None:
        runs = [(team, name or f"{base}-{team_named(experiment, team)}")]
    else:
        runs = [(each, f"{base}-{each}") for each in experiment.teams]
    checked = check_experiment(loaded)
    return [
        plan_run(loaded, team=each, run=run, root=root, address=address, checked=checked)
        for each, run in runs
    ]


def _there(loaded: Loaded, name: str | None, root: Path | None, *, resume: bool) -> Path | None:
    """The run to go on with; ``None``: none is wanted, or there is none yet."""
    if not resume:
        return None
    if name is None or loaded.experiment.teams:
        what = "--resume needs --name: which run is to be gone on with"
        if name is not None:
            what = "--resume goes on with one run, and the experiment has several teams: use shoal resume RUN"
        raise bad_experiment([Problem(what)])
    path = root_of(loaded.experiment, loaded.folder, root) / name
    return path if (path / EXPERIMENT_FILE).exists() else None


def _run(plan: Plan, root: Path | None, *, quiet: bool) -> int:
    err = Console(stderr=True)
    display = None if quiet else display_for(err)

    async def go() -> Outcome:
        stop = Stop()
        with stop.on_signals(lambda: err.print("stopping; once more to end at once", highlight=False)):
            return await Runner(plan, stop=stop, display=display).run()

    outcome = asyncio.run(go())
    _close(outcome, root, quiet=quiet)
    if outcome.ending is Ending.STOPPED:
        return INTERRUPTED
    return 0 if outcome.complete else 1


def _close(outcome: Outcome, root: Path | None, *, quiet: bool, said: str = "") -> None:
    console = Console(highlight=False)
    where = root if root is not None else _unusual(outcome)
    if not quiet:
        for line in closing_page(outcome, where, said=said):
            console.print(line, soft_wrap=True)
    elif not outcome.complete:
        Console(stderr=True).print(
            f"resume with: {resume_command(outcome, where)}", highlight=False, soft_wrap=True
        )


def _unusual(outcome: Outcome) -> Path | None:
    """The root of the run, where commands would not look for it."""
    return None if outcome.path.parent == runs_root() else outcome.path.parent
