"""The maker: review one module and report what is wrong with it.

Reads the file, parses it once and runs every check on the tree. A module that cannot be read or parsed is a
review too, with the reason in ``skipped``; only a missing library raises.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from shoal.demo.audit.checks import complexity, docstrings, risky_calls, risky_statements, unreachable, unused
from shoal.demo.audit.checks.tree import Tree
from shoal.demo.audit.models import Finding, Limits, ModuleReview, ModuleStats, ModuleTask
from shoal.demo.audit.rules import rank
from shoal.demo.audit.source import Unreadable, load

FINDINGS_BYTES = 128 * 1024
"""What the findings of one review take at most, so that it still fits with a reason for every rejection."""
FINDING_OVERHEAD = 150
"""Bytes of a finding besides its texts: field names, numbers, the rejection's reason is counted apart."""
_WAIVED = re.compile(r"#.*\b(?:noqa|nosec)\b", re.IGNORECASE)


def review(module: ModuleTask) -> ModuleReview:
    """Everything the checks find in ``module``, by line, within the module's limits.

    Raises ``MissingLibrary`` when radon is not installed.
    """
    try:
        source = load(module)
        tree = Tree(module.path, source)
        measured = complexity.measure(tree)
        findings = _findings(tree, module.limits, measured)
    except Unreadable as exc:
        return ModuleReview(module=module, skipped=exc.reason)
    except RecursionError:
        return ModuleReview(module=module, skipped="nested too deep to be reviewed")
    reported = [finding for finding in findings if not _WAIVED.search(source.line(finding.line))]
    kept = bounded(reported, module.limits.max_findings)
    stats = ModuleStats(
        bytes=source.bytes,
        lines=len(source.lines),
        functions=len(tree.functions),
        classes=len(tree.nodes(ast.ClassDef)),
        max_complexity=max(measured.values(), default=0),
        waived=len(findings) - len(reported),
    )
    return ModuleReview(module=module, findings=kept, omitted=len(reported) - len(kept), stats=stats)


def bounded(findings: Iterable[Finding], count: int, room: int = FINDINGS_BYTES) -> tuple[Finding, ...]:
    """The worst findings that fit into ``count`` and ``room`` bytes, in the order of the source."""
    kept = []
    for finding in sorted(findings, key=rank)[:count]:
        room -= _size(finding)
        if room < 0:
            break
        kept.append(finding)
    return tuple(sorted(kept, key=_place))


def _findings(tree: Tree, limits: Limits, measured: dict[tuple[int, int], int]) -> set[Finding]:
    return {
        *complexity.check(tree, limits, measured),
        *risky_calls.check(tree),
        *risky_statements.check(tree),
        *docstrings.check(tree),
        *unused.check(tree),
        *unreachable.check(tree),
    }


def _place(finding: Finding) -> tuple[int, int, str, str]:
    return finding.line, finding.column, finding.rule, finding.symbol


def _size(finding: Finding) -> int:
    texts = (finding.path, finding.symbol, finding.message, finding.evidence)
    return FINDING_OVERHEAD + sum(len(text.encode("utf-8")) for text in texts)
