"""Statements that hide errors or do not mean what they say: handlers, defaults, asserts, identity tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from shoal.demo.audit.checks.tree import Function, Tree
from shoal.demo.audit.models import Finding
from shoal.demo.audit.risky_names import BROAD_EXCEPTIONS, MUTABLE_MAKERS


def check(tree: Tree) -> Iterator[Finding]:
    """R106 to R110 and R115."""
    for handler in tree.nodes(ast.ExceptHandler):
        yield from _handler(tree, handler)
    for function in tree.functions:
        for default in _mutable_defaults(function.args):
            message = f"default {_head(default)} of {function.name}() is made once and shared by all calls"
            yield tree.finding("R108", default, message, tree.qualname(function))
        yield from _assertions(tree, function)
    for statement in tree.nodes(ast.Assert):
        if _is_tuple(statement.test):
            yield tree.finding("R109", statement, "a non-empty tuple is true: this assert can never fail")
    for comparison in tree.nodes(ast.Compare):
        if any(_is_literal_identity(*pair) for pair in _pairs(comparison)):
            yield tree.finding("R115", comparison, "`is` with a literal compares identity, not value; use ==")


def _handler(tree: Tree, handler: ast.ExceptHandler) -> Iterator[Finding]:
    silent = all(isinstance(node, ast.Pass) or _is_ellipsis(node) for node in handler.body)
    if silent and (handler.type is None or _is_broad(handler.type)):
        yield tree.finding(
            "R107", handler, "every exception ends here without a trace; name those expected or log it"
        )
    elif handler.type is None and not _reraises(handler):
        yield tree.finding("R106", handler, "bare except: use `except Exception`, or re-raise")


def _is_broad(kind: ast.expr) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(_is_broad(element) for element in kind.elts)
    return isinstance(kind, ast.Name) and kind.id in BROAD_EXCEPTIONS


def _is_ellipsis(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


def _reraises(handler: ast.ExceptHandler) -> bool:
    """Whether a ``raise`` stands anywhere in the handler: cleaning up and passing on is what it is for."""
    return any(isinstance(node, ast.Raise) for statement in handler.body for node in ast.walk(statement))


def _mutable_defaults(arguments: ast.arguments) -> Iterator[ast.expr]:
    """Defaults of public parameters; ``_cache={}`` is how one keeps state in a function on purpose."""
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    pairs = list(zip(with_default, arguments.defaults, strict=True))
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    pairs += [(parameter, default) for parameter, default in keywords if default is not None]
    for parameter, default in pairs:
        if not parameter.arg.startswith("_") and _is_mutable(default):
            yield default


def _is_mutable(default: ast.expr) -> bool:
    if isinstance(default, ast.Call):
        return isinstance(default.func, ast.Name) and default.func.id in MUTABLE_MAKERS
    return isinstance(default, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)


def _head(default: ast.expr) -> str:
    text = ast.unparse(default)
    return text if len(text) <= 30 else f"{text[:29]}…"


def _assertions(tree: Tree, function: Function) -> Iterator[Finding]:
    """Asserts about an argument among the guards at a public function's door."""
    if not _is_public(tree.qualname(function)):
        return
    for statement in function.body:
        if isinstance(statement, ast.Assert):
            named = None if _is_tuple(statement.test) else _checked_argument(function.args, statement.test)
            if named:
                message = (
                    f"argument {named!r} is checked by an assert, which python -O removes; raise instead"
                )
                yield tree.finding("R110", statement, message)
        elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            return


def _is_tuple(test: ast.expr) -> bool:
    return isinstance(test, ast.Tuple) and bool(test.elts)


def _is_public(qualname: str) -> bool:
    return not any(part.startswith("_") and not part.startswith("__") for part in qualname.split("."))


def _checked_argument(arguments: ast.arguments, test: ast.expr) -> str | None:
    given = {argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    used = (node.id for node in ast.walk(test) if isinstance(node, ast.Name))
    return next((name for name in used if name in given - {"self", "cls"}), None)


def _pairs(comparison: ast.Compare) -> Iterator[tuple[ast.expr, ast.cmpop, ast.expr]]:
    left = comparison.left
    for operator, right in zip(comparison.ops, comparison.comparators, strict=True):
        yield left, operator, right
        left = right


def _is_literal_identity(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> bool:
    return isinstance(operator, ast.Is | ast.IsNot) and (_is_value(left) or _is_value(right))


def _is_value(node: ast.expr) -> bool:
    constant = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes | int | float | complex)
    return constant and not (isinstance(node, ast.Constant) and isinstance(node.value, bool))
