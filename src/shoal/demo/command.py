"""``shoal demo``: audit a source tree with a team of agents, with a progress bar, and write the report."""

from __future__ import annotations

import asyncio
import errno
import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from shoal.demo.agents import AuditRequest, ProgressQuestion
from shoal.demo.agents import Progress as AuditProgress
from shoal.demo.audit import (
    AuditError,
    AuditReport,
    Finding,
    Limits,
    RunFacts,
    discover,
    render_json,
    render_markdown,
    require_radon,
)
from shoal.demo.team import AuditTeam, build_audit_team
from shoal.runtime.errors import ShoalError, UnknownOutcome
from shoal.runtime.starting import start
from shoal.runtime.system import System

_POLL_S = 0.15
_SHOWN = 5
_COLOURS = {"high": "red", "medium": "yellow", "low": "cyan"}


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    request: AuditRequest
    reviewers: int
    checkers: int
    target: str | None
    out: Path


def demo(
    path: Annotated[
        Path | None, typer.Argument(help="Source tree or file; Python's own standard library unless given.")
    ] = None,
    packages: Annotated[
        str, typer.Option(help="Only these packages of the standard library, with commas between.")
    ] = "",
    include_tests: Annotated[
        bool, typer.Option("--include-tests", help="Also directories named like tests.")
    ] = False,
    reviewers: Annotated[int, typer.Option(min=1, max=64, help="Agents that review.")] = 3,
    checkers: Annotated[int, typer.Option(min=1, max=64, help="Agents that verify each finding.")] = 2,
    complexity: Annotated[int, typer.Option(min=1, help="Report functions from this complexity on.")] = 11,
    address: Annotated[
        str | None,
        typer.Option(help="Ray cluster to join, or 'local' for one process; else Ray on this machine."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Directory of the report.")] = Path("audit-report"),
) -> None:
    """Audit a Python source tree with a team of agents; no key, no server."""
    out_console, err = Console(), Console(stderr=True)
    request = AuditRequest(
        path=str(path.absolute()) if path is not None else None,
        packages=tuple(name.strip() for name in packages.split(",") if name.strip()) or None,
        include_tests=include_tests,
        limits=Limits(complexity=complexity),
        in_flight=4 * reviewers,
    )
    options = Options(request, reviewers, checkers, address, out)
    try:
        require_radon()
        discover(request.path, packages=request.packages, include_tests=include_tests)  # bad input fails here
        _make_room(out)
        report, facts = asyncio.run(_audit(options, out_console))
        _write(report, facts, out)
    except ShoalError as error:
        err.print(f"[red]shoal demo:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        err.print("[yellow]shoal demo:[/yellow] interrupted; all agents were stopped, no report was written")
        raise typer.Exit(130) from None
    _summarise(report, facts, out, out_console)


async def _audit(options: Options, console: Console) -> tuple[AuditReport, RunFacts]:
    begun = time.monotonic()
    with console.status("starting Ray" if options.target is None else "starting") as status:
        system = await start(options.target)
        async with system:
            status.update("starting the agents")
            team = await build_audit_team(system, reviewers=options.reviewers, checkers=options.checkers)
            status.stop()
            report = await _follow(system, team, options.request, console)
            messages = sum(host.get("handled", 0) for host in await system.health())
            facts = RunFacts(
                python=platform.python_version(),
                host="one process" if options.target == "local" else "Ray",
                agents=len(team.agents),
                messages=messages,
                restarts=0,
                wall_s=round(time.monotonic() - begun, 2),
            )
    return report, facts


async def _follow(system: System, team: AuditTeam, request: AuditRequest, console: Console) -> AuditReport:
    """Run the audit and show how far it is until the report is there."""
    audit = asyncio.ensure_future(team.lead.ask(request, timeout_s=24 * 3600))
    bar = Progress(
        SpinnerColumn(),
        TextColumn("[bold]auditing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("modules"),
        TimeElapsedColumn(),
        TextColumn(
            "· {task.fields[agents]} agents · {task.fields[restarts]} restarts · {task.fields[current]}"
        ),
        console=console,
    )
    with bar:
        task = bar.add_task("audit", total=None, agents=len(team.agents), restarts=0, current="")
        while not audit.done():
            await asyncio.wait({audit}, timeout=_POLL_S)
            try:
                seen: AuditProgress = await team.lead.ask(ProgressQuestion(), timeout_s=5)
            except UnknownOutcome:
                continue  # it is busy; the next look will tell
            bar.update(
                task,
                total=seen.total or None,
                completed=seen.done + seen.failed,
                # What does not fit would cut the counts instead; on a narrow terminal the path is left out.
                current=seen.current[-(console.width - 85) :] if console.width > 100 else "",
            )
    report: AuditReport = await audit
    return report


def _make_room(out: Path) -> None:
    """See that the report can be written, before any work is done for it."""
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _write(report: AuditReport, facts: RunFacts, out: Path) -> None:
    with _writing(out):
        (out / "report.md").write_text(render_markdown(report, facts), encoding="utf-8")
        (out / "report.json").write_text(render_json(report, facts), encoding="utf-8")


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        why = exc.strerror or str(exc)
        raise AuditError(
            f"the report cannot be written to {out}: {why}; name another directory with --out"
        ) from exc


def _summarise(report: AuditReport, facts: RunFacts, out: Path, console: Console) -> None:
    totals, counts = report.totals, report.counts
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    table.add_row(
        "modules", f"{totals.reviewed:,} reviewed, {totals.skipped:,} skipped, {totals.failed:,} failed"
    )
    table.add_row(
        "source", f"{totals.lines:,} lines, {totals.functions:,} functions, {totals.classes:,} classes"
    )
    verdicts = f"{totals.accepted:,} confirmed, {totals.rejected:,} rejected"
    table.add_row("findings", f"{totals.reported:,} reported, {verdicts}")
    table.add_row("severity", f"{counts.high:,} high, {counts.medium:,} medium, {counts.low:,} low")
    table.add_row("team", f"{facts.agents} agents ({facts.host}), {facts.messages:,} messages handled")
    table.add_row("time", f"{facts.wall_s:.1f} s from start to finish")
    console.print(Panel(table, title="audit done", title_align="left", expand=False))
    if report.worst:
        console.print("where to look first:")
        console.print(_worst(report.worst[:_SHOWN]))
    for skip in report.failed[:_SHOWN]:
        console.print(f"[red]failed[/red]: {escape(skip.path)}: {escape(skip.reason)}", highlight=False)
    console.print(f"report: {out / 'report.md'} and {out / 'report.json'}", highlight=False, soft_wrap=True)


def _worst(findings: Sequence[Finding]) -> Table:
    """One finding a row; a long message wraps inside its own column."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column(overflow="fold", ratio=2)
    table.add_column(ratio=3)
    for finding in findings:
        severity = Text(finding.severity, style=_COLOURS[finding.severity])
        table.add_row(severity, Text(f"{finding.path}:{finding.line}"), Text(finding.message))
    return table
