"""The report as Markdown and as JSON: pure, and byte for byte the same for the same report.

What differs between two runs over the same tree (times, numbers of agents and messages) stands in a part of
its own, after everything else, and only when the caller passes it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from shoal.demo.audit.markdown import bar, code, escape, table
from shoal.demo.audit.models import AuditReport, Counts, Finding, PackageSummary, RunFacts, Skip
from shoal.demo.audit.rules import RULES, score

PLACES = 25
"""Rows of the Markdown's lists; the JSON has all that the report lists."""
PACKAGES = 40
RUN_HEADING = "## This run"
"""What follows differs from run to run."""


def render_json(report: AuditReport, run: RunFacts | None = None) -> str:
    """``{"report": ..., "run": ...}``, indented, fields in the order of the models; ``run`` may be null."""
    document = {"report": report.model_dump(mode="json"), "run": run.model_dump(mode="json") if run else None}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def render_markdown(report: AuditReport, run: RunFacts | None = None) -> str:
    """The report for people: where to look first, the numbers, what was rejected and not reviewed."""
    sections = [
        _summary(report),
        _worst(report),
        _packages(report),
        _modules(report),
        _rules(report),
        _rejected(report),
        _not_reviewed(report),
        _method(),
    ]
    if run:
        sections.append(_run(run))
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _summary(report: AuditReport) -> list[str]:
    totals, counts = report.totals, report.counts
    roots = ", ".join(code(root) for root in report.roots) or "nothing"
    return [
        "# Code audit",
        "",
        f"{_number(totals.reviewed, 'module')} of {roots}: {_number(totals.lines, 'line')}, "
        f"{_number(totals.functions, 'function')}, {_number(totals.classes, 'class', 'classes')}.",
        "",
        f"**{_number(counts.total, 'finding')} confirmed** ({counts.high:,} high, {counts.medium:,} medium, "
        f"{counts.low:,} low). The reviewers reported {totals.reported:,}; the checker rejected "
        f"{totals.rejected:,} of them after looking at the source again.",
        "",
        *table(
            ["Kind", "Confirmed:", "Share"],
            [
                [name, f"{number:,}", code(bar(number, counts.total))]
                for name, number in (
                    ("Complexity", counts.complexity),
                    ("Risky code", counts.risky),
                    ("Missing docstrings", counts.docstring),
                    ("Dead code", counts.dead_code),
                )
            ],
        ),
    ]


def _worst(report: AuditReport) -> list[str]:
    if not report.worst:
        return ["## Where to look first", "", "Nothing was found."]
    rows = [
        [
            str(at),
            str(score(finding)),
            finding.severity,
            _place(finding),
            code(finding.symbol),
            _what(finding),
        ]
        for at, finding in enumerate(report.worst[:PLACES], start=1)
    ]
    return [
        "## Where to look first",
        "",
        *table(["#:", "Score:", "Severity", "Place", "In", "What"], rows),
        *_more(len(rows), len(report.worst), report.counts.total, "findings"),
    ]


def _packages(report: AuditReport) -> list[str]:
    if not report.packages:
        return []
    shown, hidden = report.packages[:PACKAGES], report.packages[PACKAGES:]
    rows = [[code(package.package), *_cells([package])] for package in shown]
    if hidden:
        rows.append([f"{len(hidden)} more", *_cells(hidden)])
    rows.append(["**All**", *(f"**{cell}**" for cell in _cells(report.packages))])
    columns = [
        "Package",
        "Modules:",
        "Lines:",
        "High:",
        "Medium:",
        "Low:",
        "Complexity:",
        "Risky:",
        "Docstrings:",
    ]
    columns += ["Dead code:", "Most complex:", "Score:", "Score per 1,000 lines:"]
    return ["## Packages", "", *table(columns, rows)]


def _cells(packages: Sequence[PackageSummary]) -> list[str]:
    """The numbers of one row of the table of packages, over one package or several."""
    sums = {name: sum(getattr(package.counts, name) for package in packages) for name in Counts.model_fields}
    modules, lines = sum(package.modules for package in packages), sum(package.lines for package in packages)
    numbers = [modules, lines, *(sums[name] for name in ("high", "medium", "low"))]
    numbers += [sums[name] for name in ("complexity", "risky", "docstring", "dead_code")]
    numbers += [max(package.max_complexity for package in packages), sums["score"]]
    return [*(f"{number:,}" for number in numbers), f"{1000 * sums['score'] / max(lines, 1):,.0f}"]


def _modules(report: AuditReport) -> list[str]:
    if not report.modules:
        return []
    rows = [
        [
            code(m.path),
            f"{m.lines:,}",
            *(f"{n:,}" for n in (m.counts.high, m.counts.medium, m.counts.low, m.counts.score)),
        ]
        for m in report.modules[:PLACES]
    ]
    return [
        "## Modules with the most",
        "",
        *table(["Module", "Lines:", "High:", "Medium:", "Low:", "Score:"], rows),
    ]


def _rules(report: AuditReport) -> list[str]:
    if not report.rules:
        return []
    rows = []
    for count in report.rules:
        rule = RULES.get(count.rule)
        title, severity = (rule.title, rule.severity) if rule else ("unknown rule", "")
        rows.append([code(count.rule), severity, escape(title), f"{count.accepted:,}", f"{count.rejected:,}"])
    return ["## Rules", "", *table(["Rule", "Severity", "What", "Confirmed:", "Rejected:"], rows)]


def _rejected(report: AuditReport) -> list[str]:
    if not report.totals.rejected:
        return ["## Rejected by the checker", "", "Nothing: every reported finding held."]
    rows = [
        [_place(rejection.finding), _what(rejection.finding), escape(rejection.reason)]
        for rejection in report.rejected[:PLACES]
    ]
    return [
        "## Rejected by the checker",
        "",
        *table(["Place", "Reported", "Why it does not count"], rows),
        *_more(len(rows), len(report.rejected), report.totals.rejected, "rejected findings"),
    ]


def _not_reviewed(report: AuditReport) -> list[str]:
    totals = report.totals
    lines = ["## Not reviewed", ""]
    if not totals.skipped and not totals.failed:
        lines.append("Nothing: every module was reviewed.")
    for title, skips, total in (
        ("Skipped", report.skipped, totals.skipped),
        ("Failed", report.failed, totals.failed),
    ):
        if total:
            more = _more(len(skips[:PLACES]), len(skips), total, "modules")
            lines += [f"{title} ({total:,}):", "", *_skips(skips), *more, ""]
    if totals.omitted:
        lines += [f"Findings beyond the limit per module, not sent to the checker: {totals.omitted:,}.", ""]
    if totals.waived:
        lines += [f"Findings waived by a `noqa` or `nosec` comment in the source: {totals.waived:,}.", ""]
    return lines if lines[-1] else lines[:-1]


def _skips(skips: Sequence[Skip]) -> list[str]:
    return [f"- {code(skip.path)}: {escape(skip.reason)}" for skip in skips[:PLACES]]


def _method() -> list[str]:
    return [
        "## How this was produced",
        "",
        "An orchestrator split the tree into modules. Reviewers parsed each module and reported what they "
        "found; a checker read the source again and verified every finding by another route before it "
        "counted: complexity is recounted from the tokens, risky code and missing docstrings are found again "
        "in the tokens, unused names must be unread in the compiler's symbol table and in the other modules "
        "of the tree, and unreachable lines must be missing from the bytecode. An aggregator merged what was "
        "confirmed.",
        "",
        "The score of a finding is 60 to 100 for high, 30 to 59 for medium and 1 to 29 for low severity; "
        "complexity beyond the beginning of its rank adds to it. Modules and packages have the sum of their "
        "findings' scores. Everything above depends on the source alone, not on the order of the work.",
    ]


def _run(run: RunFacts) -> list[str]:
    agents, messages = _number(run.agents, "agent"), _number(run.messages, "message")
    return [
        RUN_HEADING,
        "",
        f"{agents} on the {escape(run.host)} host handled {messages} in {run.wall_s:.1f} s, with "
        f"{_number(run.restarts, 'restart')}, under Python {escape(run.python)}.",
    ]


def _place(finding: Finding) -> str:
    return code(f"{finding.path}:{finding.line}")


def _what(finding: Finding) -> str:
    return f"{escape(finding.message)} ({finding.rule})"


def _more(shown: int, listed: int, total: int, what: str) -> list[str]:
    """Where to find what a list here leaves out."""
    if total <= shown:
        return []
    where = "all" if listed >= total else f"the first {listed:,}"
    return ["", f"These are {shown:,} of {total:,} {what}; the JSON report lists {where}."]


def _number(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
