"""Where pages and lines go: a terminal, or a file or another program that gets each line whole."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

import typer
from rich.console import Console, RenderableType
from rich.control import Control
from rich.markup import escape
from rich.segment import ControlType
from rich.text import Text

from shoal.runtime.errors import ShoalError
from shoal.runtime.redaction import redact
from shoal.runtime.terminal.streams import take_any_text
from shoal.runtime.terminal.text import printable

WIDTH = 120
"""Columns of a page where the output is no terminal."""


class Line(NamedTuple):
    """A line, and how far to indent what does not fit on it."""

    text: Text
    indent: int


class Output:
    """Standard output."""

    def __init__(self) -> None:
        take_any_text()
        # A text on a page is what it says: markup would be lost from it, or end the command with an error.
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._binary = typer.get_binary_stream("stdout")
        if not self._console.is_terminal and "COLUMNS" not in os.environ:
            self._console.width = WIDTH

    @property
    def is_terminal(self) -> bool:
        """Whether somebody looks at it now."""
        return self._console.is_terminal

    def page(self, page: RenderableType) -> None:
        """Print a page."""
        self._console.print(page)

    def raw(self, text: str) -> None:
        """Write a line for machines, in UTF-8 whatever the terminal takes."""
        sys.stdout.flush()
        self._binary.write(f"{text}\n".encode())
        self._binary.flush()

    def line(self, text: Text | str = "", indent: int = 0) -> None:
        """Print a line. On a terminal what does not fit goes on below, indented."""
        text = Text(text) if isinstance(text, str) else text
        if not self.is_terminal:  # ten times as quick
            self._console.file.write(f"{text.plain.rstrip()}\n")
            return
        width = self._console.width
        indent = min(indent, len(text), width // 2)
        lead, body = text.divide([indent]) if indent else (Text(), text)
        for part in body.wrap(self._console, width - indent, overflow="fold"):
            self._console.print(lead.append_text(part), soft_wrap=True)
            lead = Text(" " * indent)

    def lines(self, lines: Iterator[Line]) -> None:
        """Print lines."""
        for line in lines:
            self.line(*line)

    def wait_for_key(self) -> bool:
        """Wait for Enter; whether to go on."""
        try:
            answer = self._console.input(Text("Enter: next · q: stop ", "dim"))
        except EOFError:
            self._console.print()
            return False
        except KeyboardInterrupt:
            self._console.print()
            raise
        self._console.control(Control((ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2)))
        return not answer.strip().lower().startswith("q")


def notice(text: str) -> None:
    """Say something that is no part of the output."""
    Console(stderr=True).print(f"[dim]{escape(_line(text))}[/dim]", highlight=False, soft_wrap=True)


@contextlib.contextmanager
def one_line_errors(command: str) -> Iterator[None]:
    """Errors as one line on standard error and exit status 1; interrupted, 130."""
    try:
        yield
    except (ShoalError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise  # whoever read it has enough: the command line ends quietly
        text = _line(redact(str(error)) if isinstance(error, ShoalError) else _os_error(error))
        Console(stderr=True).print(
            f"[red]shoal {command}:[/red] {escape(text)}", highlight=False, soft_wrap=True
        )
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _os_error(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _line(text: str) -> str:
    """A text, which may quote what others wrote, on one line."""
    return printable(" ".join(line.strip() for line in text.splitlines()))
