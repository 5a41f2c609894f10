"""What the audit looks for: one table of rules, and the score that ranks findings.

The table is policy, shared by reviewers and checker. How a finding is *detected* (``checks``) and how it is
*verified* (``verify``) share nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

from shoal.demo.audit.models import Finding, Kind, Severity

Band = tuple[int, int]
SEVERITY_BANDS: dict[Severity, Band] = {"high": (60, 100), "medium": (30, 59), "low": (1, 29)}
"""Scores of each severity, so that a ranking by score never puts a lower severity first."""


class Rule(NamedTuple):
    """One thing worth finding."""

    id: str
    kind: Kind
    severity: Severity
    base: int
    """Score of a finding without a metric."""
    title: str


_TABLE = (
    Rule("C101", "complexity", "low", 10, "complex function (rank C: up to 20 paths)"),
    Rule("C102", "complexity", "medium", 30, "very complex function (ranks D, E: 21 to 40 paths)"),
    Rule("C103", "complexity", "high", 60, "untestably complex function (rank F: over 40 paths)"),
    Rule("R101", "risky", "high", 85, "eval or exec of a computed value"),
    Rule("R102", "risky", "medium", 50, "unpickling runs code from the data"),
    Rule("R103", "risky", "high", 90, "shell command built at run time"),
    Rule("R104", "risky", "low", 12, "constant command through a shell"),
    Rule("R105", "risky", "high", 80, "YAML loader that builds arbitrary objects"),
    Rule("R106", "risky", "low", 25, "bare except also catches SystemExit and KeyboardInterrupt"),
    Rule("R107", "risky", "medium", 40, "any exception is silently swallowed"),
    Rule("R108", "risky", "low", 20, "mutable default argument is shared between calls"),
    Rule("R109", "risky", "high", 75, "assert on a tuple is always true"),
    Rule("R110", "risky", "low", 8, "assert checks a caller's argument; python -O removes it"),
    Rule("R111", "risky", "medium", 45, "mktemp: the name can be taken before it is used"),
    Rule("R112", "risky", "medium", 48, "tar members are extracted without a filter"),
    Rule("R113", "risky", "low", 15, "MD5 or SHA-1 not marked as unrelated to security"),
    Rule("R114", "risky", "high", 70, "TLS certificates are not verified"),
    Rule("R115", "risky", "medium", 32, "identity comparison with a literal"),
    Rule("D101", "docstring", "low", 4, "public module without a docstring"),
    Rule("D102", "docstring", "low", 3, "public class without a docstring"),
    Rule("D103", "docstring", "low", 2, "public function or method without a docstring"),
    Rule("U101", "dead-code", "low", 6, "unused import"),
    Rule("U102", "dead-code", "low", 7, "local variable is never read"),
    Rule("U103", "dead-code", "low", 9, "private definition is never referenced"),
    Rule("U104", "dead-code", "medium", 30, "unreachable code"),
)

RULES: dict[str, Rule] = {rule.id: rule for rule in _TABLE}


def complexity_rule(complexity: int) -> str:
    """The rule for a function of this cyclomatic complexity (radon's ranks)."""
    if complexity <= 20:
        return "C101"
    return "C102" if complexity <= 40 else "C103"


def score(finding: Finding) -> int:
    """How bad a finding is, 1 to 100; within the band of its severity. 0 for a rule unknown here."""
    rule = RULES.get(finding.rule)
    if rule is None:
        return 0
    if finding.metric is None:
        return rule.base
    low, high = SEVERITY_BANDS[rule.severity]
    over = finding.metric - {"C101": 11, "C102": 21, "C103": 41}.get(rule.id, finding.metric)
    return max(low, min(high, rule.base + over))


def rank(finding: Finding) -> tuple[int, int, str, int, int, str, str, str]:
    """Sort key, the worst finding first; total, so that a sorted list has one order only."""
    metric = finding.metric or 0
    return (
        -score(finding),
        -metric,
        finding.path,
        finding.line,
        finding.column,
        finding.rule,
        finding.symbol,
        finding.message,
    )
