"""``shoal run FILE`` and ``shoal resume RUN``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from shoal.experiments.cluster import ends_with_job
from shoal.experiments.file.keys import LOCAL
from shoal.experiments.layout import EXPERIMENT_FILE
from shoal.experiments.options import Address, Overrides
from shoal.experiments.output import experiment_errors
from shoal.experiments.running.asked import Asked, plans_of
from shoal.experiments.running.closing import (
    closing_page,
    resume_command,
    resume_words,
    retry_option,
)
from shoal.experiments.running.display import display_for
from shoal.experiments.running.environment import read_environment
from shoal.experiments.running.finishing import finish_complete
from shoal.experiments.running.kept_session import KeptSession
from shoal.experiments.running.outcome import Outcome
from shoal.experiments.running.plan import Plan
from shoal.experiments.running.planning import plan_resume
from shoal.experiments.running.runner import Runner
from shoal.experiments.running.stop import INTERRUPTED, Stop
from shoal.runtime.errors import ShoalError
from shoal.runtime.journal.command import resume as resume_program
from shoal.runtime.journal.run_directory import find_directory, unusual
from shoal.runtime.terminal.options import Root, Run
from shoal.runtime.terminal.output import notice, one_line_errors
from shoal.runtime.terminal.text import plain

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
        asked = Asked(file, overrides, team, name, root, address, resume)
        plans = plans_of(asked)
        if ends_with_job(plans[0].root):
            Console(stderr=True).print(
                Text("shoal run:", "yellow"),
                plain(f"{plans[0].root} is in the job's own folder, which goes with the job: give --root or "
                      "SHOAL_RUNS, a folder that stays"),
                soft_wrap=True,
            )  # fmt: skip
        status = _run_all(plans, asked, quiet=quiet)
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
        stop = Stop()
        done = _finished(plan, stop, quiet=quiet)
        if done is not None:
            _close(done, root, quiet=quiet, said="it is complete, nothing is left to do" * done.complete)
            raise typer.Exit(0 if done.complete else INTERRUPTED)
        if _moves(plan, path) and not quiet:
            notice(
                "it ran elsewhere before: what was recorded of tasks that have not ended is not found from here"
            )
        status = _run(plan, root, stop, quiet=quiet)
    raise typer.Exit(status)


def _moves(plan: Plan, path: Path) -> bool:
    """Whether it goes on in one process and was on Ray before, or the other way: the names of hosts are others then."""
    said = read_environment(path).address
    before = said if said is not None else plan.experiment.cluster.address
    return (before == LOCAL) != (plan.address == LOCAL)


def _run_all(plans: list[Plan], asked: Asked, *, quiet: bool) -> int:
    """One after the other; the worst of their statuses. Who stops one of them stops those that are left, too."""
    stop, status = Stop(), 0
    with KeptSession() as session:
        for number, plan in enumerate(plans):
            if stop.asked:  # perhaps while the one before wrote its results
                _say_not_begun(plans[number:], asked)
                return INTERRUPTED
            if len(plans) > 1:
                session.keep_for(plan)
            status = max(status, _run(plan, asked.root, stop, quiet=quiet))
    return status


def _say_not_begun(plans: list[Plan], asked: Asked) -> None:
    for plan in plans:
        Console(stderr=True).print(
            f"not begun: {plan.run}; begin it with: {asked.begin_command(plan)}",
            highlight=False, soft_wrap=True, markup=False,
        )  # fmt: skip


def _finished(plan: Plan, stop: Stop, *, quiet: bool) -> Outcome | None:
    """What the run came to, if nothing but judging is left to do."""
    err = Console(stderr=True)

    async def finish() -> Outcome | None:
        with stop.on_signals(lambda: _say_stopping(err)):
            return await finish_complete(plan, stop=stop, display=None if quiet else display_for(err))

    return asyncio.run(finish())


def _say_stopping(err: Console) -> None:
    err.print("stopping; once more to end at once", highlight=False)


def _run(plan: Plan, root: Path | None, stop: Stop, *, quiet: bool) -> int:
    err = Console(stderr=True)
    display = None if quiet else display_for(err)

    async def go() -> Outcome:
        with stop.on_signals(lambda: _say_stopping(err)):
            return await Runner(plan, stop=stop, display=display).run()

    try:
        outcome = asyncio.run(go())
    except (ShoalError, KeyboardInterrupt) as error:
        if (plan.path / EXPERIMENT_FILE).exists():
            how = resume_words(plan.path, root) + retry_option(plan.retry_failed)
            err.print(
                f"{plan.run} was {_ended_by(error)}; what is done is recorded, go on with: {how}",
                highlight=False, soft_wrap=True, markup=False,
            )  # fmt: skip
        raise
    _close(outcome, root, quiet=quiet, retry_failed=plan.retry_failed)
    if outcome.complete:
        return 0
    return INTERRUPTED if stop.asked else 1


def _ended_by(error: BaseException) -> str:
    """A signal does not come here as an exception: KeyboardInterrupt is raised by the experiment's own code."""
    return "ended by an error" if isinstance(error, ShoalError) else "interrupted by its own code"


def _close(
    outcome: Outcome, root: Path | None, *, quiet: bool, said: str = "", retry_failed: bool = False
) -> None:
    console = Console(highlight=False)
    where = root if root is not None else unusual(outcome.path.parent)
    if not quiet:
        for line in closing_page(outcome, where, said=said, retry_failed=retry_failed):
            console.print(line, soft_wrap=True)
    elif not outcome.complete:
        Console(stderr=True).print(
            f"resume with: {resume_command(outcome, where, retry_failed=retry_failed)}",
            highlight=False, soft_wrap=True, markup=False,
        )  # fmt: skip
