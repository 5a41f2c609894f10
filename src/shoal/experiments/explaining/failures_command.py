"""``shoal failures RUN``: what did not go well, by cause."""

from __future__ import annotations

from typing import Annotated

import typer

from shoal.experiments.explaining.failures_page import failures_page, failures_record
from shoal.experiments.explaining.failures_reading import read_failures
from shoal.experiments.explaining.run_reading import run_reader
from shoal.runtime.terminal.data import json_line
from shoal.runtime.terminal.options import Json, Root, Run
from shoal.runtime.terminal.output import Output

_SHOWN = 12


def failures(
    run: Run,
    full: Annotated[bool, typer.Option("--full", help="All groups.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Show what did not go well in a run, by cause: failed tasks, and trouble on the way of others."""
    with run_reader("failures", run, root) as reader:
        found = read_failures(reader)
    output = Output()
    if json:
        output.raw(json_line(failures_record(found)))
    else:
        output.page(failures_page(found, most=None if full else _SHOWN))
