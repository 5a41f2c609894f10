"""Functions with too many paths, measured by radon's cyclomatic complexity.

The only module that imports radon; without it everything but measuring still works.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shoal.demo.audit.checks.tree import Tree
from shoal.demo.audit.errors import MissingLibrary
from shoal.demo.audit.models import Finding, Limits
from shoal.demo.audit.rules import complexity_rule

try:
    from radon.complexity import cc_visit_ast
except ImportError:
    cc_visit_ast = None


def require_radon() -> None:
    """Raise :class:`MissingLibrary` unless radon can be imported; call it before a team is started."""
    _visitor()


def measure(tree: Tree) -> dict[tuple[int, int], int]:
    """Cyclomatic complexity of every function and method radon sees, by its line and column offset.

    A nested function counts on its own and not towards the function around it, as in radon.
    """
    found: dict[tuple[int, int], int] = {}
    waiting = list(_visitor()(tree.root))
    while waiting:
        block = waiting.pop()
        if hasattr(block, "closures"):
            found[block.lineno, block.col_offset] = int(block.complexity)
            waiting.extend(block.closures)
        else:
            waiting.extend(block.methods)
            waiting.extend(block.inner_classes)
    return found


def check(tree: Tree, limits: Limits, measured: dict[tuple[int, int], int]) -> Iterator[Finding]:
    """A finding for each function at or over ``limits.complexity``."""
    for (line, offset), complexity in sorted(measured.items()):
        if complexity >= limits.complexity:
            message = f"cyclomatic complexity {complexity}"
            yield tree.finding_at(complexity_rule(complexity), line, offset, message, metric=complexity)


def _visitor() -> Any:
    if cc_visit_ast is None:
        raise MissingLibrary("radon is not installed: pip install 'shoal[demo]'")
    return cc_visit_ast
