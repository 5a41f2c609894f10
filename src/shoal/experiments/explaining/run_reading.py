"""The run that a command which explains one looks at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoal.experiments.output import experiment_errors
from shoal.runtime.journal.reader import RunReader, open_run


@contextmanager
def run_reader(command: str, run: str, root: Path | None) -> Iterator[RunReader]:
    """A run to look at; errors end the command in one line and its exit status."""
    with experiment_errors(command), open_run(run, root=root) as reader:
        yield reader
