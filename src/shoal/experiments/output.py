"""How a command of experiments ends when something is wrong: each problem on a line, and an exit status.

::

    2    the experiment file or its workload is wrong, found before anything is started: one problem a line
    1    any other error: one line
    130  interrupted
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TextIO

import typer
from rich.console import Console
from rich.markup import escape

from shoal.runtime.errors import ConfigError
from shoal.runtime.redaction import redact
from shoal.runtime.terminal.output import one_line_errors
from shoal.runtime.terminal.text import printable

BAD_INPUT = 2
"""Exit status for what is wrong before anything is started."""


@contextlib.contextmanager
def experiment_errors(command: str) -> Iterator[None]:
    """Errors on standard error, and the exit status that says of what kind they are."""
    with one_line_errors(command):
        try:
            yield
        except ConfigError as error:
            print_problems(command, error)
            raise typer.Exit(BAD_INPUT) from error


@contextlib.contextmanager
def prints_aside(machines: bool) -> Iterator[TextIO]:
    """While the experiment's code runs: what it prints goes to standard error where ``machines`` read standard output,
    which is what is given."""
    output = sys.stdout
    with contextlib.redirect_stdout(sys.stderr if machines else output):
        yield output


def print_problems(command: str, error: ConfigError) -> None:
    """Print each problem of an error on a line, the first behind the command's name."""
    console = Console(stderr=True)
    lead = f"[red]shoal {command}:[/red] "
    for line in redact(str(error)).splitlines() or [type(error).__name__]:
        if text := printable(line.strip()):
            console.print(f"{lead}{escape(text)}", highlight=False, soft_wrap=True)
            lead = ""
