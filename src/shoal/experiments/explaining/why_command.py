"""``shoal why RUN TASK``: from a task's answer back through the messages and entries that led to it."""

from __future__ import annotations

from typing import Annotated

import typer

from shoal.experiments.explaining.run_reading import run_reader
from shoal.experiments.explaining.why_page import LINES, why_page, why_record
from shoal.experiments.explaining.why_reading import read_why
from shoal.runtime.terminal.data import json_line
from shoal.runtime.terminal.options import Json, Root, Run
from shoal.runtime.terminal.output import Output


def why(
    run: Run,
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK", help="The task's id; `shoal trace RUN` lists some.", show_default=False
        ),
    ],
    full: Annotated[bool, typer.Option("--full", help="All of it, however long.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Show what a task's answer rests on: who said what to whom, what models answered, what was read from the board."""
    with run_reader("why", run, root) as reader:
        found = read_why(reader, task)
    output = Output()
    if json:
        output.raw(json_line(why_record(found)))
    else:
        output.page(why_page(found, most=None if full else LINES))
