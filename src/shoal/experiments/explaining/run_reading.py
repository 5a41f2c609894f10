"""The arguments and options that the commands which explain a run share, and where they find it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from shoal.blackboard.replay.finding import Where, run_directory
from shoal.experiments.output import experiment_errors
from shoal.runtime.journal.reader import RunReader

Run = Annotated[
    str,
    typer.Argument(
        help="Its name (`shoal runs` lists them), or the path of a run directory.", show_default=False
    ),
]
Root = Annotated[
    Path | None,
    typer.Option(help="Where the runs are; else SHOAL_RUNS, else .shoal/runs here.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@contextmanager
def run_reader(command: str, run: str, root: Path | None) -> Iterator[RunReader]:
    """A run to look at; errors end the command in one line and its exit status."""
    with experiment_errors(command), RunReader(run_directory(Where(run, root))) as reader:
        yield reader
