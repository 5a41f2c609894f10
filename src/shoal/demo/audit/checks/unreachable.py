"""Statements that no path reaches: behind a return, a raise, a loop that never ends, or under a false
constant.

``return`` followed by a bare ``yield`` is how an empty generator is written, so code with a ``yield`` is left
alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from shoal.demo.audit.checks.tree import Tree
from shoal.demo.audit.models import Finding

WITH_BLOCKS: tuple[type[ast.AST], ...] = (
    *(ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef),
    *(ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith),
    *(ast.Try, ast.TryStar, ast.ExceptHandler, ast.match_case),
)
JUMPS = (ast.Return, ast.Raise, ast.Break, ast.Continue)


def check(tree: Tree) -> Iterator[Finding]:
    """U104, once for each run of unreachable statements."""
    for block in _blocks(tree):
        leaving = next((at for at, statement in enumerate(block[:-1]) if never_continues(statement)), None)
        if leaving is not None and not _has_yield(block[leaving + 1 :]):
            word, line = type(block[leaving]).__name__.lower(), block[leaving].lineno
            message = f"never reached: the {word} in line {line} always leaves"
            yield tree.finding("U104", block[leaving + 1], message)
    branches: list[ast.If | ast.While] = [*tree.nodes(ast.If), *tree.nodes(ast.While)]
    for branch in branches:
        if _is_constant(branch.test, truth=False) and not _has_yield(branch.body):
            message = f"never reached: the condition in line {branch.lineno} is false"
            yield tree.finding("U104", branch.body[0], message)


def never_continues(statement: ast.stmt) -> bool:
    """Whether control never comes to what follows ``statement``."""
    if isinstance(statement, JUMPS):
        return True
    if isinstance(statement, ast.If):
        return _ends(statement.body) and _ends(statement.orelse)
    if isinstance(statement, ast.While):
        return _is_constant(statement.test, truth=True) and not _breaks(statement)
    return False


def _ends(block: list[ast.stmt]) -> bool:
    return any(never_continues(statement) for statement in block)


def _blocks(tree: Tree) -> Iterator[list[ast.stmt]]:
    for kind in WITH_BLOCKS:
        for node in tree.nodes(kind):
            for name in ("body", "orelse", "finalbody"):
                block = getattr(node, name, None)
                if block:
                    yield block


def _breaks(loop: ast.While) -> bool:
    """Whether a ``break`` of this loop stands in it; one of a loop inside it ends only that."""
    waiting: list[ast.AST] = list(loop.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Break):
            return True
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            waiting.extend(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return False


def _is_constant(test: ast.expr, *, truth: bool) -> bool:
    return isinstance(test, ast.Constant) and bool(test.value) is truth


def _has_yield(block: list[ast.stmt]) -> bool:
    return any(
        isinstance(node, ast.Yield | ast.YieldFrom) for statement in block for node in ast.walk(statement)
    )
