"""``shoal trace RUN [TASK]``: what happened because of a task, as a tree, as JSON, or to an OpenTelemetry collector."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console

from shoal.experiments.explaining.choosing import choices, choices_page, choices_record
from shoal.experiments.explaining.figures import many
from shoal.experiments.explaining.gathering import read_trace
from shoal.experiments.explaining.message_page import message_page
from shoal.experiments.explaining.run_reading import run_reader
from shoal.experiments.explaining.trace_records import trace_record
from shoal.experiments.explaining.tree_page import trace_page
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.terminal.data import json_line
from shoal.runtime.terminal.options import Json, Root, Run
from shoal.runtime.terminal.output import WIDTH, Output, notice

_SHOWN = 100


def trace(
    run: Run,
    task: Annotated[
        str | None,
        typer.Argument(
            metavar="TASK",
            help="The task's id; without one, those worth a look are listed.",
            show_default=False,
        ),
    ] = None,
    depth: Annotated[
        int | None, typer.Option(min=0, help="So many levels below the task.", show_default=False)
    ] = None,
    messages: Annotated[bool, typer.Option("--messages", help="The messages in a list, by time.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Nothing is folded.")] = False,
    otlp: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Send the traces (of this task, or of all that ended) there by OTLP over HTTP.",
            show_default=False,
        ),
    ] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """Show a task's trace: who handled what when, for how long, at what cost. Without Ray, also while it runs."""
    with run_reader("trace", run, root) as reader:
        if otlp is not None:
            from shoal.experiments.explaining.otel import export  # noqa: PLC0415 - an extra

            sent = export(reader.path, otlp, None if task is None else [task])
            notice(f"{many(sent, 'span')} sent to {otlp}")
            return
        if task is None:
            _list_tasks(reader, Output(), json)
            return
        made = read_trace(reader, task)
    output = Output()
    if json:
        output.raw(json_line(trace_record(made)))
    elif messages:
        output.page(message_page(made, most=None if full else _SHOWN))
    else:
        output.page(trace_page(made, width=_columns(output), depth=depth, full=full))


def _list_tasks(reader: RunReader, output: Output, json: bool) -> None:
    found = choices(reader)
    if json:
        output.raw(json_line(choices_record(found)))
    else:
        output.page(choices_page(found))


def _columns(output: Output) -> int:
    return Console().width if output.is_terminal or "COLUMNS" in os.environ else WIDTH
