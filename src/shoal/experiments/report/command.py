"""``shoal report RUN...``: runs as one HTML file."""

from __future__ import annotations

import time
import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from shoal.experiments.output import experiment_errors
from shoal.runtime.journal.run_directory import find_directory
from shoal.runtime.terminal.options import Root
from shoal.runtime.terminal.output import Output
from shoal.runtime.terminal.text import plain

_SUFFIX = "-report.html"


def report(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="Names or directories of runs.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The file to write; else RUN-report.html here.", show_default=False),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    root: Root = None,
) -> None:
    """Write a report of a run, or of several held against each other: one HTML file that needs no network.

    Works without Ray, also while a run goes on. Texts of tasks are in it: keep it as you keep the run.
    """
    from shoal.experiments.report.making import make_report  # noqa: PLC0415 - Jinja is loaded for it
    from shoal.experiments.report.writing import check_output, write_report  # noqa: PLC0415 - with it

    with experiment_errors("report"):
        paths = [find_directory(run, root=root) for run in runs]
        path = out or Path(f"{paths[0].name if len(paths) == 1 else 'comparison'}{_SUFFIX}")
        check_output(path)
        html = make_report([f"{found}/" for found in paths], root=root, now=time.time())
        write_report(path, html)
    size = path.stat().st_size / 1e6
    Output().line(Text.assemble(("✓", "green"), " ", plain(str(path), "bold"), f" ({size:.1f} MB)"))
    if open_:
        webbrowser.open(path.absolute().as_uri())
