"""Which names each scope of a module reads, seen generously: what may be a use counts as one.

A read inside a nested function or class counts for the scopes around it too, whatever that inner scope binds
itself. Annotations in quotes, ``# type:`` comments, ``__all__``, ``global`` and ``del`` are uses.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from shoal.demo.audit.checks.exports import mentioned
from shoal.demo.audit.checks.tree import Definition, Tree

REFLECTION = frozenset({"eval", "exec", "locals", "vars", "globals"})
"""Built-ins that can read a name nobody wrote down."""
FORWARD_REFERENCES = frozenset({"cast", "TypeVar", "NewType", "ForwardRef", "Optional", "Union"})
_TYPE_COMMENT = re.compile(r"#\s*type:(.*)")
_WORD = re.compile(r"[^\W\d]\w*")

Scope = Definition | None
"""A function, a class, or ``None`` for the module."""


class Uses:
    """The names read in each scope of a module."""

    def __init__(self, tree: Tree) -> None:
        self._read: dict[Scope, set[str]] = {None: set(mentioned(tree))}
        for definition in tree.definitions:
            self._read[definition] = set()
        for owner, name in _reads(tree):
            self._read[owner].add(name)
        # Inner scopes first: a definition always begins after the one around it.
        for definition in sorted(tree.definitions, key=_start, reverse=True):
            self._read[tree.owner(definition)] |= self._read[definition]
        self._read[None] |= _type_comments(tree)
        self.strings = frozenset(
            node.value
            for node in tree.nodes(ast.Constant)
            if isinstance(node.value, str) and len(node.value) < 100
        )
        self.attributes = frozenset(node.attr for node in tree.nodes(ast.Attribute))

    def reads(self, scope: Scope, name: str) -> bool:
        """Whether ``name`` may be read in ``scope`` or in anything nested in it."""
        return name in self._read[scope]

    def reflects(self, scope: Scope) -> bool:
        """Whether code in ``scope`` can read names that are nowhere written down."""
        return not REFLECTION.isdisjoint(self._read[scope])


def _start(definition: Definition) -> tuple[int, int]:
    return definition.lineno, definition.col_offset


def _reads(tree: Tree) -> Iterator[tuple[Scope, str]]:
    for name in tree.nodes(ast.Name):
        if not isinstance(name.ctx, ast.Store):
            yield tree.owner(name), name.id
    for augmented in tree.nodes(ast.AugAssign):
        if isinstance(augmented.target, ast.Name):
            yield tree.owner(augmented), augmented.target.id
    declarations: list[ast.Global | ast.Nonlocal] = [*tree.nodes(ast.Global), *tree.nodes(ast.Nonlocal)]
    for declared in declarations:
        yield from ((tree.owner(declared), name) for name in declared.names)
    for expression in _type_expressions(tree):
        for constant in ast.walk(expression):
            if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                yield from ((tree.owner(constant), name) for name in _WORD.findall(constant.value))


def _type_expressions(tree: Tree) -> Iterator[ast.expr]:
    """Expressions in which a string may be a type."""
    for argument in tree.nodes(ast.arg):
        if argument.annotation:
            yield argument.annotation
    for function in tree.functions:
        if function.returns:
            yield function.returns
    for assignment in tree.nodes(ast.AnnAssign):
        yield assignment.annotation
        if assignment.value:
            yield assignment.value
    for subscript in tree.nodes(ast.Subscript):
        yield subscript.slice
    for call in tree.nodes(ast.Call):
        called = call.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in FORWARD_REFERENCES:
            yield from call.args
            yield from (keyword.value for keyword in call.keywords)


def _type_comments(tree: Tree) -> set[str]:
    if "type:" not in tree.source.text:
        return set()
    return {word for comment in _TYPE_COMMENT.findall(tree.source.text) for word in _WORD.findall(comment)}
