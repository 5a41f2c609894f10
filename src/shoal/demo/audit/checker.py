"""The checker: verify every finding of a review against the source before it counts.

It reads the source again and trusts nothing in the finding: rule, severity, place, symbol, evidence and
metric must all hold, and the family's verifier must reach the same verdict by another route (``verify``).
What cannot be confirmed is rejected with the reason, never dropped.
"""

from __future__ import annotations

from collections.abc import Callable

from shoal.demo.audit.models import (
    MODULE_SCOPE,
    REASON_CHARS,
    SYMBOL_CHARS,
    CheckedReview,
    Finding,
    ModuleReview,
    Rejection,
)
from shoal.demo.audit.rules import RULES
from shoal.demo.audit.source import Unreadable, clip, load, printable
from shoal.demo.audit.verify import calls, complexity, docstrings, statements, unreachable, unused
from shoal.demo.audit.verify.view import View

Verifier = Callable[[View, Finding], str | None]

CALL_RULES = ("R101", "R102", "R103", "R104", "R105", "R111", "R112", "R113", "R114")
STATEMENT_RULES = ("R106", "R107", "R108", "R109", "R110", "R115")
VERIFIERS: dict[str, Verifier] = {
    **dict.fromkeys(("C101", "C102", "C103"), complexity.verify),
    **dict.fromkeys(CALL_RULES, calls.verify),
    **dict.fromkeys(STATEMENT_RULES, statements.verify),
    **dict.fromkeys(("D101", "D102", "D103"), docstrings.verify),
    **dict.fromkeys(("U101", "U102", "U103"), unused.verify),
    "U104": unreachable.verify,
}
NAMES_A_VARIABLE = frozenset({"U101", "U102"})
"""Rules whose symbol is a variable: its last part is no function or class."""


NAMES_A_STATEMENT = frozenset({"C101", "C102", "C103", "D101", "D102", "D103", "U103"})
"""Rules about a whole definition or module: they stand at the beginning of a logical line."""


def check(review: ModuleReview) -> CheckedReview:
    """The review's findings, each accepted or rejected with a reason, in the order given. Never raises."""
    accepted: list[Finding] = []
    rejected: list[Rejection] = []
    view = _view(review) if review.findings else ""
    seen: set[tuple[str, int, int, str]] = set()
    for finding in review.findings:
        same = (finding.rule, finding.line, finding.column, finding.symbol)
        reason = "reported twice" if same in seen else _judge(view, finding)
        seen.add(same)
        if reason is None:
            accepted.append(finding)
        else:
            rejected.append(Rejection(finding=finding, reason=clip(printable(reason), REASON_CHARS)))
    return CheckedReview(
        module=review.module,
        accepted=tuple(accepted),
        rejected=tuple(rejected),
        omitted=review.omitted,
        stats=review.stats,
        skipped=review.skipped,
    )


def _view(review: ModuleReview) -> View | str:
    """The source as it is now, or why there is none."""
    if review.skipped is not None:
        return "the reviewer skipped the module"
    try:
        return View(review.module, load(review.module))
    except Unreadable as exc:
        return f"source: {exc.reason}"


def _judge(view: View | str, finding: Finding) -> str | None:
    if isinstance(view, str):
        return view
    reason = _mismatch(view, finding)
    if reason is not None:
        return reason
    try:
        return VERIFIERS[finding.rule](view, finding)
    except Unreadable as exc:
        return exc.reason
    except (RecursionError, MemoryError):
        return "nested too deep to be verified"


def _mismatch(view: View, finding: Finding) -> str | None:
    """What the finding says about itself that the rule table or the source line contradicts."""
    rule = RULES.get(finding.rule)
    if rule is None:
        return f"there is no rule {finding.rule}"
    if (finding.kind, finding.severity) != (rule.kind, rule.severity):
        return f"rule {rule.id} is {rule.kind} of {rule.severity} severity"
    if (finding.metric is not None) != (rule.kind == "complexity"):
        return "a metric belongs to complexity, and to nothing else"
    if finding.path != view.module.path:
        return "it is about another file"
    if finding.line > len(view.source.lines):
        return f"the file ends at line {len(view.source.lines)}"
    if finding.evidence != view.source.evidence(finding.line):
        return "the source line is not what the evidence quotes"
    if finding.rule in NAMES_A_STATEMENT and (view.at(finding.line, finding.column) or (0, 1))[1]:
        return "no statement begins at this place"
    around = view.symbol(finding.line)
    if finding.rule in NAMES_A_VARIABLE:
        name = finding.symbol.rpartition(".")[2]
        around = name if around == MODULE_SCOPE else f"{around}.{name}"
    if finding.rule != "D101" and finding.symbol != clip(printable(around), SYMBOL_CHARS):
        return f"the line belongs to {around}"
    return None
