"""``shoal runs``, ``shoal show RUN`` and ``shoal resume RUN``."""

from __future__ import annotations

import os
import shlex
import sys
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from shoal.runtime.journal.errors import RunInUse, RunNotResumable
from shoal.runtime.journal.pages import render_list, render_run
from shoal.runtime.journal.reader import FINISHED, RunReader, RunSummary, list_runs, open_run
from shoal.runtime.journal.resuming import program_of
from shoal.runtime.journal.run_directory import runs_root
from shoal.runtime.redaction import redact_arguments
from shoal.runtime.terminal.options import Root, Run
from shoal.runtime.terminal.output import Output, one_line_errors
from shoal.runtime.terminal.text import plain


def runs(
    root: Root = None,
    most: Annotated[int, typer.Option("--most", "-n", min=1, help="The newest so many.")] = 20,
) -> None:
    """List runs, the newest first: state, tasks, program."""
    output = Output()
    with one_line_errors("runs"):
        found = list_runs(root)
    if not found:
        output.line(plain(f"no runs in {runs_root(root)}"))
        return
    output.page(render_list(found[:most], now=time.time()))
    if len(found) > most:
        output.line(Text(f"and {len(found) - most} older ones (--most {len(found)})", "dim"))


def show(
    run: Run,
    root: Root = None,
    events: Annotated[int, typer.Option(min=0, help="The last so many events.")] = 10,
    failures: Annotated[int, typer.Option(min=0, help="So many failed tasks.")] = 10,
) -> None:
    """Show a run: its tasks in numbers, what failed and why, restarts, the last events."""
    with one_line_errors("show"), open_run(run, root=root) as reader:
        page = render_run(reader, events=events, failures=failures, now=time.time())
    Output().page(page)


def resume(run: Run, root: Root = None) -> None:
    """Go on with a run whose program was killed or interrupted: what is recorded is not done again."""
    with one_line_errors("resume"):
        with open_run(run, root=root) as reader:
            summary = _resumable(reader)
            program = program_of(reader.path, reader.manifest)
        if summary is None:
            return
        err = Console(stderr=True)
        err.print(Text.assemble("resuming ", plain(run, "bold"), f": {_progress(summary)}"), soft_wrap=True)
        err.print(plain(shlex.join(redact_arguments(program.argv)), "dim"), soft_wrap=True)
        sys.stdout.flush()
        try:
            os.chdir(program.cwd)
            os.execve(program.argv[0], program.argv, program.environment)
        except OSError as exc:
            raise RunNotResumable(f"{program.argv[0]} cannot be started: {exc.strerror}", run=run) from exc


def _resumable(reader: RunReader) -> RunSummary | None:
    """What is there to go on with; ``None`` when nothing is, which is said."""
    summary = reader.summary()
    if summary.holder is not None:
        who = f"process {summary.holder.pid} on {summary.holder.host}" if summary.holder.pid else "a process"
        raise RunInUse(
            f"{summary.run} is running: {who} has it. End that first, if it hangs", run=summary.run,
            pid=summary.holder.pid,
        )  # fmt: skip
    if summary.status == FINISHED:
        Output().line(
            Text.assemble(("✓", "green"), " ", plain(summary.run), " is complete: ", plain(summary.headline))
        )
        return None
    return summary


def _progress(summary: RunSummary) -> str:
    total = sum(summary.counts.values())
    return f"{total - summary.counts['submitted']:,} of {total:,} tasks that were begun have ended"
