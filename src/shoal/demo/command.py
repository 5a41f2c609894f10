"""``shoal demo``: an experiment on docstrings of this machine's standard library, from its files to its report."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.markup import escape

from shoal.demo.docstrings.collecting import PACKAGES
from shoal.demo.docstrings.folder import EXPERIMENT, write_demo
from shoal.demo.docstrings.strikes import Strikes
from shoal.demo.docstrings.telling import introduce, say_command, what_next
from shoal.experiments.comparing.comparison import Comparison
from shoal.experiments.comparing.doing import ComparisonStopped
from shoal.experiments.comparing.doing import compare as compare_teams
from shoal.experiments.comparing.page import ComparisonPage
from shoal.experiments.output import experiment_errors
from shoal.experiments.running.display import display_for
from shoal.experiments.running.stop import INTERRUPTED, Stop
from shoal.runtime.errors import ConfigError
from shoal.runtime.extensions import register
from shoal.runtime.journal.resuming import RESUME_VARIABLE
from shoal.runtime.terminal.output import Output, notice

DIRECTORY, CASES = Path("shoal-demo"), 400
_REPORT = "report.html"


def demo(
    directory: Annotated[Path, typer.Option("--dir", help="Folder of the experiment.")] = DIRECTORY,
    cases: Annotated[
        int, typer.Option(min=len(PACKAGES), help="Questions, rounded to as many of each package.")
    ] = CASES,
    seed: Annotated[int, typer.Option(help="Draws the questions.")] = 0,
    address: Annotated[
        str | None,
        typer.Option(help="Ray cluster to join, or 'local' for one process; else Ray on this machine."),
    ] = None,
    kill_agents: Annotated[
        int, typer.Option(min=0, max=15, help="Kill so many agents' processes in each team's run.")
    ] = 0,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run all teams anew, beside the runs that are there.")
    ] = False,
) -> None:
    """Compare four teams of agents on a question about Python's own standard library; no key, no server.

    It writes an experiment into a folder and does what `shoal compare` does there. Given again, it goes on where it
    was left.
    """
    asked = _Asked(
        directory, cases - cases % len(PACKAGES), seed, address, kill_agents, fresh or kill_agents > 0
    )
    with experiment_errors("demo"):
        if kill_agents and address == "local":
            raise ConfigError("there are no processes of agents to kill in one process: leave out --address")
        output = Output()
        written = write_demo(directory, asked.cases, seed)
        introduce(output, directory, asked.cases)
        if written:
            names = ", ".join(str(path.relative_to(directory)) for path in written)
            output.line(f"wrote {directory}: {names}", 2)
        say_command(output, "cd", str(directory))
        strikes = Strikes(asked.cases, kill_agents, seed) if kill_agents else None
        with contextlib.chdir(directory):
            found = _compare(output, asked, strikes)
            output.page(ComparisonPage(found))
            if strikes is not None:
                _say_killed(output, strikes, found)
            report = _report(output, found)
            output.line()
            output.page(what_next(directory, found, report))


class _Asked(NamedTuple):
    """What the user asked for."""

    directory: Path
    cases: int
    seed: int
    address: str | None
    kill_agents: int
    fresh: bool

    def again(self) -> str:
        """The command that goes on where this one was stopped: with the newest runs, so not anew once more."""
        words = ["shoal", "demo"]
        for option, value, usual in (
            ("--dir", self.directory, DIRECTORY),
            ("--cases", self.cases, CASES),
            ("--seed", self.seed, 0),
            ("--address", self.address, None),
        ):
            words += [option, str(value)] if value != usual else []
        return shlex.join(words)


def _compare(output: Output, asked: _Asked, strikes: Strikes | None) -> Comparison:
    words = ["shoal", "compare", EXPERIMENT]
    words += ["--address", asked.address] if asked.address is not None else []
    words += ["--fresh"] if asked.fresh else []
    say_command(output, *words)
    if strikes is not None:
        os.environ.setdefault("SHOAL_LOG_LEVEL", "ERROR")  # deaths that were asked for are no news
        register(strikes)
    # `shoal resume` of a run that never began starts this again: see `shoal compare`.
    anew = os.environ.pop(RESUME_VARIABLE, None) is None and asked.fresh
    try:
        return asyncio.run(_compared(asked.address, fresh=anew))
    except ComparisonStopped as error:
        _say_stopped(error, asked.again())
        raise typer.Exit(INTERRUPTED) from error


async def _compared(address: str | None, *, fresh: bool) -> Comparison:
    stop = Stop()
    with stop.on_signals(lambda: notice("stopping; once more ends it at once")):
        return await compare_teams(
            EXPERIMENT,
            address=address,
            fresh=fresh,
            stop=stop,
            display=display_for(Console(stderr=True)),
            said=notice,
        )


def _say_stopped(error: ComparisonStopped, again: str) -> None:
    Console(stderr=True).print(
        f"[yellow]■[/yellow] {escape(error.text)}. Go on with: [bold]{escape(again)}[/bold]",
        highlight=False,
        soft_wrap=True,
    )


def _say_killed(output: Output, strikes: Strikes, found: Comparison) -> None:
    strikes.stop()
    ended = sum(number for team in found.teams for number in team.states.values())
    restarts = sum(team.restarts for team in found.teams)
    output.line()
    output.line(
        f"{strikes.kills} processes of agents were killed meanwhile, {restarts} were started again; {ended:,} tasks, "
        "each with one result."
    )


def _report(output: Output, found: Comparison) -> str:
    """Write the report of all runs; returns what it is called."""
    from shoal.experiments.report.making import make_report  # noqa: PLC0415 - Jinja is loaded for it
    from shoal.experiments.report.writing import write_report  # noqa: PLC0415 - with it

    runs = [team.run for team in found.teams]
    output.line()
    say_command(output, "shoal", "report", *runs, "--out", _REPORT)
    write_report(Path(_REPORT), make_report(runs, now=time.time()))
    return _REPORT
