"""``shoal compare FILE_OR_RUN...``: teams on the same workload, each held against a single agent."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.markup import escape

from shoal.experiments.comparing.comparison import Comparison
from shoal.experiments.comparing.doing import ComparisonStopped
from shoal.experiments.comparing.doing import compare as compare_teams
from shoal.experiments.comparing.markdown import as_markdown
from shoal.experiments.comparing.page import ComparisonPage
from shoal.experiments.errors import NotAnExperiment, NothingToCompare
from shoal.experiments.options import Address, Overrides, command_again
from shoal.experiments.output import experiment_errors, prints_aside
from shoal.experiments.report.writing import check_output
from shoal.experiments.running.display import display_for
from shoal.experiments.running.stop import INTERRUPTED, Stop
from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.errors import ConfigError
from shoal.runtime.journal.errors import RunNotFound
from shoal.runtime.journal.resuming import RESUME_VARIABLE
from shoal.runtime.terminal.options import Root
from shoal.runtime.terminal.output import Output, notice


class _Asked(NamedTuple):
    """What to hold against what, and how."""

    what: Sequence[str]
    overrides: Sequence[str]
    root: Path | None
    address: str | None
    baseline: str | None
    required: bool
    """Whether a single agent must be among them."""
    fresh: bool


def compare(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE_OR_RUN...",
            help="Experiment files, and names or directories of runs.",
            show_default=False,
        ),
    ],
    overrides: Overrides = [],  # noqa: B006 - Typer's way
    baseline: Annotated[
        str | None,
        typer.Option(help="The team or run that the others are held against.", show_default="a single agent"),
    ] = None,
    no_baseline: Annotated[
        bool, typer.Option("--no-baseline", help="Compare without a single agent.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run all teams anew, beside the runs that are there.")
    ] = False,
    address: Address = None,
    root: Root = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    markdown: Annotated[
        Path | None, typer.Option(help="Write it as Markdown to this file, too.", show_default=False)
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write it as a report, HTML, to this file, too.", show_default=False)
    ] = None,
) -> None:
    """Hold teams against each other on the same workload, with a single agent among them.

    Each team of a FILE is run as EXPERIMENT-TEAM; what is finished is read, what was interrupted is gone on with. What
    was run anew with --fresh, as EXPERIMENT-TEAM-2, is what is read and gone on with from then on.
    """
    with experiment_errors("compare"):
        if markdown is not None and not markdown.absolute().parent.is_dir():
            raise ConfigError(f"--markdown {markdown}: there is no directory {markdown.absolute().parent}")
        if report is not None:
            check_output(report)
        # `shoal resume` of a run that never began starts this again: what is there is found here for all runs, and
        # what it began to run anew is the newest of it.
        anew = os.environ.pop(RESUME_VARIABLE, None) is None and fresh
        asked = _Asked(what, overrides, root, address, baseline, required=not no_baseline, fresh=anew)
        try:
            with prints_aside(json):
                found = asyncio.run(_compared(asked))
        except (NothingToCompare, NotAnExperiment, RunNotFound) as error:
            raise ConfigError(error.text) from error
        except ComparisonStopped as error:
            _say_stopped(error, _go_on_command(asked, {"--markdown": markdown, "--report": report}))
            raise typer.Exit(INTERRUPTED) from error
        except KeyboardInterrupt:
            # Raised by the experiment's own code: a signal does not come here as an exception.
            again = _go_on_command(asked, {"--markdown": markdown, "--report": report})
            notice(f"interrupted by its own code; go on with: {again}")
            raise
        output = Output()
        if json:
            output.raw(found.model_dump_json(indent=2))
        else:
            output.page(ComparisonPage(found))
        if markdown is not None:
            _write(markdown, as_markdown(found))
        if report is not None:
            _write_report(report, found)


async def _compared(asked: _Asked) -> Comparison:
    stop, console = Stop(), Console(stderr=True)
    with stop.on_signals(lambda: notice("stopping; once more ends it at once")):
        return await compare_teams(
            *asked.what,
            overrides=asked.overrides,
            root=asked.root,
            address=asked.address,
            baseline=asked.baseline,
            baseline_required=asked.required,
            fresh=asked.fresh,
            stop=stop,
            display=display_for(console),
            said=notice,
        )


def _go_on_command(asked: _Asked, files: Mapping[str, Path | None]) -> str:
    """The same comparison, which goes on where it was left: with the newest runs, so not anew once more."""
    options = {
        "--baseline": asked.baseline,
        "--no-baseline": None if asked.required else True,
        "--address": asked.address,
        "--root": asked.root,
        **files,
    }
    return command_again("compare", asked.what, asked.overrides, options)


def _say_stopped(error: ComparisonStopped, again: str) -> None:
    Console(stderr=True).print(
        f"[yellow]■[/yellow] {escape(error.text)}. Go on with: [bold]{escape(again)}[/bold]",
        highlight=False,
        soft_wrap=True,
    )


def _write_report(path: Path, found: Comparison) -> None:
    from shoal.experiments.report.making import make_report  # noqa: PLC0415 - Jinja is loaded for it
    from shoal.experiments.report.writing import write_report  # noqa: PLC0415 - with it

    write_report(path, make_report([f"{team.path}/" for team in found.teams], now=time.time()))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise describe_os_error(exc, path, "write") from exc
