"""What the audit says at its end on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from shoal.demo.audit import Finding
from shoal.demo.session import Audited

_SHOWN = 5
_COLOURS = {"high": "red", "medium": "yellow", "low": "cyan"}


def summarise(audited: Audited, out: Path, console: Console) -> None:
    """The audit in numbers, the worst places, and where the report is."""
    report = audited.report
    console.print(Panel(_numbers(audited), title="audit done", title_align="left", expand=False))
    if report.worst:
        console.print("where to look first:")
        console.print(_worst(report.worst[:_SHOWN]))
    for skip in report.failed[:_SHOWN]:
        console.print(f"[red]failed[/red]: {escape(skip.path)}: {escape(skip.reason)}", highlight=False)
    console.print(
        f"report: {out / 'report.md'} and {out / 'report.json'}",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )


def _numbers(audited: Audited) -> Table:
    report, facts = audited.report, audited.facts
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
    if audited.kills or facts.restarts:
        killed = f"{_number(audited.kills, 'process', 'processes')} killed, " if audited.kills else ""
        table.add_row("deaths", f"{killed}{_number(facts.restarts, 'restart', 'restarts')}, nothing lost")
    if audited.recorded:
        table.add_row("resumed", f"{audited.recorded:,} modules were recorded, {audited.done:,} done now")
    table.add_row("time", f"{facts.wall_s:.1f} s from start to finish")
    table.add_row("run", f"{audited.run} (shoal show {audited.run})")
    return table


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


def _number(number: int, noun: str, plural: str) -> str:
    return f"{number:,} {noun if number == 1 else plural}"
