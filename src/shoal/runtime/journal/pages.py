"""Runs as people see them on a terminal: the list, and the page of one run. Times are given as arguments."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from shoal.runtime.journal.happenings import RUN_STARTED
from shoal.runtime.journal.ledger import TaskEntry, TaskState
from shoal.runtime.journal.reader import (
    BROKEN,
    EMPTY,
    FINISHED,
    INTERRUPTED,
    RUNNING,
    EventEntry,
    RunReader,
    RunSummary,
)
from shoal.runtime.journal.run_directory import root_option, unusual
from shoal.runtime.redaction import redact_arguments
from shoal.runtime.terminal.text import clipped, plain

_STATUS = {
    RUNNING: ("●", "cyan"),
    INTERRUPTED: ("◐", "yellow"),
    FINISHED: ("✓", "green"),
    EMPTY: ("○", "dim"),
    BROKEN: ("✗", "red"),
}
_REASON_CHARS = 200
_BAR_CELLS = 40
_QUIET = frozenset({"generation", "restarts", "supervisor"})
"""What of an event's data is left out of its line."""


def render_list(runs: Sequence[RunSummary], *, now: float) -> Table:
    """One run a line; names and what is wrong go on below where they do not fit."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("run", overflow="fold")
    table.add_column("when", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for state in ("done", "failed", "open"):
        table.add_column(state, justify="right", no_wrap=True)
    table.add_column("program", overflow="fold")
    for run in runs:
        done, failed, still_open = _three(run.counts)
        table.add_row(
            plain(run.run, "bold"),
            ago(now - run.created_at),
            _status(run.status),
            f"{done:,}",
            Text(f"{failed:,}", "red" if failed else ""),
            Text(f"{still_open:,}", "yellow" if still_open else ""),
            plain(run.problem, "red") if run.problem else _program(run.program.split()),
        )
    return table


def render_run(reader: RunReader, *, events: int, failures: int, now: float) -> RenderableType:
    """The page of one run."""
    summary = reader.summary()
    parts: list[RenderableType] = [_facts(reader, summary, now)]
    failed = reader.tasks(TaskState.FAILED, limit=failures) if failures else []
    if failed:
        parts += [_heading("failed", len(failed), summary.counts[TaskState.FAILED]), _failures(failed)]
    last = reader.events(limit=events) if events else []
    if last:
        parts += [_heading("events", len(last), summary.events), _events(last)]
    hint = _hint(summary, reader.path.parent)
    if hint is not None:
        parts += [Text(), hint]
    return Group(*parts)


def ago(seconds: float) -> str:
    """How long ago, in one word and a number."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "just now" if seconds < 5 else f"{int(seconds)} s ago"


def duration(seconds: float) -> str:
    """A time span for people."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"


def short_program(argv: Sequence[str]) -> str:
    """A program as its user typed it, about: without the interpreter's directory and the script's."""
    if not argv:
        return ""
    words = [Path(argv[0]).name, *redact_arguments(argv[1:])]
    if len(words) > 1 and os.sep in words[1]:
        words[1] = Path(words[1]).name
    if words[1:3] == ["-m", "shoal"]:
        words = words[2:]
    elif len(words) > 1 and words[1] == "shoal":
        words = words[1:]
    return " ".join("…" if "\n" in word else shlex.quote(word) for word in words)


def _program(argv: Sequence[str]) -> Text:
    """On one line, cut off where it is too long."""
    text = plain(short_program(argv), "dim")
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _status(status: str) -> Text:
    sign, colour = _STATUS[status]
    return Text(f"{sign} {status}", colour)


def _three(counts: dict[str, int]) -> tuple[int, int, int]:
    """Done, failed (also in part, or given up) and open."""
    done, still_open = counts.get(TaskState.DONE, 0), counts.get(TaskState.SUBMITTED, 0)
    return done, sum(counts.values()) - done - still_open, still_open


def _facts(reader: RunReader, summary: RunSummary, now: float) -> Panel:
    manifest, total = reader.manifest, sum(summary.counts.values())
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    status = _status(summary.status)
    if summary.holder is not None and summary.holder.pid:
        status.append(f" · process {summary.holder.pid}", "dim")
    table.add_row("state", status)
    table.add_row("tasks", _bar(summary.counts) if total else Text("none yet", "dim"))
    if summary.restarts:
        table.add_row("restarts", f"{summary.restarts:,} of agents' processes")
    starts = reader.events(kind=RUN_STARTED, limit=1000)
    if len(starts) > 1:
        table.add_row("resumed", f"{len(starts) - 1} time{'s' if len(starts) > 2 else ''}")
    messages = reader.message_count()
    if messages:
        table.add_row("messages", f"{messages:,} journaled")
    table.add_row("begun", _when(summary.created_at, now))
    if summary.last_at is not None:
        table.add_row(
            "last news",
            f"{_when(summary.last_at, now)}, after {duration(summary.last_at - summary.created_at)}",
        )
    program = short_program(manifest.argv)
    table.add_row("program", plain(program) if program else Text("not recorded", "dim"))
    table.add_row("in", plain(manifest.cwd))
    table.add_row("journal", plain(str(reader.path / "journal.db")))
    return Panel(table, title=plain(summary.run, "bold"), title_align="left", expand=False)


def _bar(counts: dict[str, int]) -> Text:
    """The tasks as a bar of their states, and in numbers."""
    total, (done, failed, still_open) = sum(counts.values()), _three(counts)
    cells = [round(_BAR_CELLS * number / total) for number in (done, failed)]
    cells[1] = max(cells[1], 1 if failed else 0)
    cells[0] = min(cells[0], _BAR_CELLS - cells[1])
    bar = Text()
    bar.append("━" * cells[0], "green").append("━" * cells[1], "red")
    bar.append("━" * (_BAR_CELLS - sum(cells)), "bright_black").append(f"  {done:,} done")
    if failed:
        bar.append(f", {failed:,} failed", "red")
    if still_open:
        bar.append(f", {still_open:,} open", "yellow")
    return bar


def _heading(what: str, shown: int, total: int) -> Text:
    text = Text(f"\n{what}", "bold")
    return text.append(f"  {shown:,} of {total:,}", "dim") if shown < total else text


def _failures(failed: Sequence[TaskEntry]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold", style="red", max_width=40)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for entry in failed:
        table.add_row(plain(entry.task), plain(entry.error), Text(clipped(entry.error_text, _REASON_CHARS)))
    return table


def _events(events: Sequence[EventEntry]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    for event in events:
        who = " · ".join(part for part in (event.agent, event.task) if part)
        data = ", ".join(_said(key, value) for key, value in event.data.items() if _worth(key, value))
        text = plain(who).append("  " if who and data else "").append(clipped(data, _REASON_CHARS), "dim")
        table.add_row(f"{_clock(event.at)}", plain(event.kind.replace("_", " "), _colour(event.kind)), text)
    return table


def _worth(key: str, value: Any) -> bool:
    return key not in _QUIET and value not in (None, "", False)


def _said(key: str, value: Any) -> str:
    return str(value) if key in ("reason", "detail", "text") else f"{key} {value}"


def _colour(kind: str) -> str:
    if kind in ("exited", "gave_up", "dead_letter", "run_stopped"):
        return "red" if kind == "gave_up" else "yellow"
    return "green" if kind in ("run_finished", "started") else "cyan"


def _hint(summary: RunSummary, root: Path) -> Text | None:
    if summary.status == INTERRUPTED:
        return Text("go on with it: ").append(
            f"shoal resume {summary.run}{root_option(unusual(root))}", "bold"
        )
    return None


def _when(at: float, now: float) -> str:
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M:%S} ({ago(now - at)})"


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at).astimezone():%H:%M:%S}"
