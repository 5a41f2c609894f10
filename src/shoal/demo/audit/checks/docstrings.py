"""Public modules, classes and functions that say nothing about themselves.

Public is what a user of the module meets: named in ``__all__`` where the module has one, without a leading
underscore, not nested in a function. A method of a class with base classes may inherit its docstring
(:func:`inspect.getdoc`), so only methods of base-less classes are asked for one; overloads and property
setters are never.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from shoal.demo.audit.checks.exports import exported
from shoal.demo.audit.checks.tree import FUNCTIONS, Definition, Tree
from shoal.demo.audit.models import MODULE_SCOPE, Finding

UNDOCUMENTED_ON_PURPOSE = frozenset({"overload", "override", "setter", "deleter", "getter"})


def check(tree: Tree) -> Iterator[Finding]:
    """D101, D102 and D103."""
    stem = tree.path.rpartition("/")[2].removesuffix(".py")
    public_module = not stem.startswith("_") or (stem.startswith("__") and stem.endswith("__"))
    body = tree.root.body
    if public_module and body and not _has_docstring(tree.root):
        yield tree.finding("D101", body[0], "module has no docstring", MODULE_SCOPE)
    names = exported(tree)
    for definition in _members(tree.root):
        if names is not None and definition.name not in names:
            continue
        yield from _undocumented(tree, definition)


def _undocumented(tree: Tree, definition: Definition) -> Iterator[Finding]:
    if definition.name.startswith("_") or _is_exempt(definition):
        return
    if not _has_docstring(definition):
        rule, word = ("D102", "class") if isinstance(definition, ast.ClassDef) else ("D103", "function")
        qualname = tree.qualname(definition)
        yield tree.finding(rule, definition, f"public {word} {qualname} has no docstring", qualname)
    if isinstance(definition, ast.ClassDef):
        inherits = bool(definition.bases)
        for member in _members(definition):
            if not (inherits and isinstance(member, FUNCTIONS)):
                yield from _undocumented(tree, member)


def _members(node: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    """Functions and classes directly in the body, or under an ``if`` or ``try`` of it."""
    waiting: list[ast.stmt] = list(reversed(node.body))
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement
        elif isinstance(statement, ast.If):
            waiting.extend(reversed([*statement.body, *statement.orelse]))
        elif isinstance(statement, ast.Try):
            handled = [inner for handler in statement.handlers for inner in handler.body]
            waiting.extend(reversed([*statement.body, *handled, *statement.orelse]))


def _is_exempt(definition: Definition) -> bool:
    for decorator in definition.decorator_list:
        at = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = at.attr if isinstance(at, ast.Attribute) else at.id if isinstance(at, ast.Name) else ""
        if name in UNDOCUMENTED_ON_PURPOSE:
            return True
    return False


def _has_docstring(node: ast.Module | Definition) -> bool:
    if not node.body:
        return False
    first = node.body[0]
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
