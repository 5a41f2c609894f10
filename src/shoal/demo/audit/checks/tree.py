"""One module as the checks see it: its syntax tree indexed once, and the maker of findings.

The tree is walked iteratively: how deep a module nests is its author's choice, not our recursion limit.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from typing import TypeVar, cast

from shoal.demo.audit.models import MESSAGE_CHARS, MODULE_SCOPE, SYMBOL_CHARS, Finding
from shoal.demo.audit.rules import RULES
from shoal.demo.audit.source import Source, clip, parse, printable

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
N = TypeVar("N", bound=ast.AST)


class Tree:
    """Index over a parsed module. Raises ``Unreadable`` when the source does not parse."""

    def __init__(self, path: str, source: Source) -> None:
        self.path = path
        self.source = source
        self.root = parse(source)
        self._nodes: defaultdict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        self._qualnames: dict[ast.AST, str] = {}
        self._parents: dict[ast.AST, ast.AST] = {}
        self._owners: dict[ast.AST, Definition | None] = {}
        self._symbols = [MODULE_SCOPE] * (len(source.lines) + 2)
        self._index()

    def _index(self) -> None:
        waiting: list[tuple[ast.AST, Definition | None]] = [(self.root, None)]
        while waiting:
            node, owner = waiting.pop()
            self._nodes[type(node)].append(node)
            self._owners[node] = owner
            if isinstance(node, DEFINITIONS):
                self._define(node, owner)
                owner = node
            for child in reversed(list(ast.iter_child_nodes(node))):
                self._parents[child] = node
                waiting.append((child, owner))

    def _define(self, node: Definition, owner: Definition | None) -> None:
        qualname = f"{self._qualnames[owner]}.{node.name}" if owner else node.name
        self._qualnames[node] = qualname
        last = min(node.end_lineno or node.lineno, len(self._symbols) - 1)
        self._symbols[node.lineno : last + 1] = [qualname] * (last + 1 - node.lineno)

    def nodes(self, kind: type[N]) -> list[N]:
        """All nodes of a class, in source order."""
        return cast("list[N]", self._nodes[kind])

    @property
    def functions(self) -> list[Function]:
        """All functions and methods, nested ones included."""
        return [*self.nodes(ast.FunctionDef), *self.nodes(ast.AsyncFunctionDef)]

    @property
    def definitions(self) -> list[Definition]:
        """All functions, methods and classes."""
        return [*self.functions, *self.nodes(ast.ClassDef)]

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node this one is a child of."""
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around this one, the innermost first."""
        at = self._parents.get(node)
        while at is not None:
            yield at
            at = self._parents.get(at)

    def owner(self, node: ast.AST) -> Definition | None:
        """The innermost function or class around a node; decorators and defaults belong to their function."""
        return self._owners[node]

    def qualname(self, definition: Definition) -> str:
        """Dotted name of a function or class."""
        return self._qualnames[definition]

    def symbol(self, line: int) -> str:
        """The innermost function or class whose lines, header included, hold ``line``."""
        return self._symbols[min(line, len(self._symbols) - 1)]

    def finding(
        self,
        rule: str,
        node: ast.expr | ast.stmt | ast.excepthandler,
        message: str,
        symbol: str | None = None,
    ) -> Finding:
        """A finding at the start of ``node``; ``symbol`` is what encloses it, unless given."""
        return self.finding_at(rule, node.lineno, node.col_offset, message, symbol)

    def finding_at(
        self,
        rule: str,
        line: int,
        offset: int,
        message: str,
        symbol: str | None = None,
        metric: int | None = None,
    ) -> Finding:
        """A finding at ``line`` and ``offset``, which counts UTF-8 bytes as :mod:`ast` does."""
        before = self.source.line(line).encode("utf-8")[:offset].decode("utf-8", "ignore")
        return Finding(
            rule=rule,
            kind=RULES[rule].kind,
            severity=RULES[rule].severity,
            path=self.path,
            line=line,
            column=len(before) + 1,
            symbol=clip(printable(symbol or self.symbol(line)), SYMBOL_CHARS),
            message=clip(printable(message), MESSAGE_CHARS),
            evidence=self.source.evidence(line),
            metric=metric,
        )
