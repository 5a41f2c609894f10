"""The program's own output: text that a terminal has no letters for is no error."""

from __future__ import annotations

import io
import sys


def take_any_text() -> None:
    """Write a question mark for what standard output and standard error cannot: no command ends by a check mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
