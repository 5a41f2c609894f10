"""The module's ``__all__``, as far as it can be read without running the module."""

from __future__ import annotations

import ast

from shoal.demo.audit.checks.tree import DEFINITIONS, Tree


def exported(tree: Tree) -> frozenset[str] | None:
    """Names in ``__all__``; ``None`` when the module has none, or builds it in a way that cannot be read."""
    names: set[str] = set()
    found = readable = False
    for statement in tree.root.body:
        value = _value_for_all(statement)
        if value is not None:
            strings = _strings(value)
            readable = strings is not None if not found else readable and strings is not None
            found = True
            names |= strings or set()
    return frozenset(names) if found and readable else None


def mentioned(tree: Tree) -> frozenset[str]:
    """Every string inside a statement that touches ``__all__``: what may be exported, read generously."""
    found: set[str] = set()
    for statement in tree.root.body:
        if isinstance(statement, DEFINITIONS):
            continue
        nodes = list(ast.walk(statement))
        if any(isinstance(node, ast.Name) and node.id == "__all__" for node in nodes):
            found |= {
                node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
    return frozenset(found)


def _value_for_all(statement: ast.stmt) -> ast.expr | None:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
        targets = [statement.target]
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        # __all__.append("x"), __all__.extend([...])
        function = statement.value.func
        if isinstance(function, ast.Attribute) and statement.value.args:
            return statement.value.args[0] if _is_all(function.value) else None
    if any(_is_all(target) for target in targets):
        return getattr(statement, "value", None)
    return None


def _is_all(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "__all__"


def _strings(value: ast.expr) -> set[str] | None:
    elements = value.elts if isinstance(value, ast.List | ast.Tuple | ast.Set) else [value]
    strings = [element.value for element in elements if isinstance(element, ast.Constant)]
    if len(strings) != len(elements) or not all(isinstance(text, str) for text in strings):
        return None
    return {text for text in strings if isinstance(text, str)}
