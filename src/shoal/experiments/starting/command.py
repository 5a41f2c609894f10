"""``shoal init``: write a first experiment into an empty directory."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from shoal.experiments.output import experiment_errors
from shoal.runtime.terminal.output import Output


def init(
    directory: Annotated[
        Path, typer.Argument(metavar="[DIRECTORY]", help="Where to write it; made if it is not there.")
    ] = Path("."),
) -> None:
    """Write a first experiment: three teams of agents that need no key, a small workload, and how to go on."""
    from shoal.experiments.starting.starter import write_starter  # noqa: PLC0415 - it makes the schema, of every team

    with experiment_errors("init"):
        written = write_starter(directory)
        output = Output()
        for path in written:
            output.line(str(path))
        output.line()
        if directory != Path("."):
            output.line(f"$ cd {shlex.quote(str(directory))}")
        output.line("$ shoal check experiment.yaml")
        output.line("$ shoal compare experiment.yaml")
