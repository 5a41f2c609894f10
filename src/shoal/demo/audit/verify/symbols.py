"""What the compiler's own symbol table says of a module's names: bound where, read where."""

from __future__ import annotations

import symtable
from collections.abc import Iterator

from shoal.demo.audit.source import Source, Unreadable, quiet


class Symbols:
    """The symbol tables of a module. Raises ``Unreadable`` when the compiler makes none."""

    def __init__(self, path: str, source: Source) -> None:
        try:
            with quiet():
                self.module = symtable.symtable(source.text, path, "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
            raise Unreadable(f"no symbol table: {exc}") from exc
        self._scopes: dict[tuple[str, int], symtable.SymbolTable] = {}
        self._reads: dict[int, frozenset[str]] = {}
        waiting = [self.module]
        while waiting:
            table = waiting.pop()
            # A comprehension may stand on the line of a function named `listcomp`; the outer comes first.
            self._scopes.setdefault((table.get_name(), table.get_lineno()), table)
            waiting.extend(reversed(list(_nested(table))))

    def scope(self, name: str, line: int) -> symtable.SymbolTable:
        """The table of the function or class ``name`` that begins on a line; else the module's."""
        return self._scopes.get((name, line), self.module)

    def reads(self, table: symtable.SymbolTable) -> frozenset[str]:
        """Names that are read in a scope or, as its own, in a scope inside it."""
        key = table.get_id()
        if key not in self._reads:
            own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
            self._reads[key] = frozenset(own | self._read_inside(table))
        return self._reads[key]

    def _read_inside(self, table: symtable.SymbolTable) -> set[str]:
        found: set[str] = set()
        waiting = list(_nested(table))
        while waiting:
            inner = waiting.pop()
            # A name the inner scope binds itself is another one.
            symbols = (
                symbol for symbol in inner.get_symbols() if symbol.is_referenced() and not symbol.is_local()
            )
            found |= {symbol.get_name() for symbol in symbols}
            waiting.extend(_nested(inner))
        return found


def _nested(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """The tables inside a table. Type parameters have one of their own, which is looked through."""
    for child in table.get_children():
        if "type param" in str(child.get_type()):
            yield from _nested(child)
        else:
            yield child
