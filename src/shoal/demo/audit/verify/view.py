"""A module as the checker sees it: tokens and logical lines, no syntax tree.

Scopes are read off indentation, statements off the tokenizer's NEWLINEs. Where the text alone cannot say what
a name means, the compiler's own symbol table does (:attr:`View.symbols`). None of this is shared with the
checks. Every index is built once, so that many findings in a large module stay cheap.
"""

from __future__ import annotations

import io
import symtable
import tokenize
from functools import cached_property

from shoal.demo.audit.models import MODULE_SCOPE, ModuleTask
from shoal.demo.audit.source import Source, Unreadable
from shoal.demo.audit.verify.lines import Definition, definitions, logical_lines
from shoal.demo.audit.verify.symbols import Symbols
from shoal.demo.audit.verify.words import Words, comment_words


class View:
    """Tokens, logical lines and definitions of one module. Raises ``Unreadable`` if it has no tokens."""

    def __init__(self, module: ModuleTask, source: Source) -> None:
        self.module = module
        self.source = source
        try:
            self.tokens = tuple(tokenize.generate_tokens(io.StringIO(source.text).readline))
        except (tokenize.TokenError, SyntaxError) as exc:
            raise Unreadable(f"cannot be tokenized: {exc.args[0]}") from exc
        self.lines = logical_lines(self.tokens)
        self.definitions = definitions(self.lines)
        self._holders: dict[int, Definition] = {}
        for definition in self.definitions:
            # Inner definitions come after the outer ones and overwrite them.
            self._holders.update(dict.fromkeys(range(definition.first, definition.last + 1), definition))
        self._words: dict[Definition | None, Words] = {}

    def symbol(self, line: int) -> str:
        """Dotted name of the innermost function or class that holds a physical line."""
        definition = self.definition(line)
        return definition.qualname if definition else MODULE_SCOPE

    def definition(self, line: int) -> Definition | None:
        """The innermost function or class that holds a physical line."""
        return self._holders.get(line)

    def at(self, line: int, column: int) -> tuple[int, int] | None:
        """Where a token begins: index of its logical line, and of the token in it."""
        return self._places.get((line, column - 1))

    def body(self, index: int) -> range:
        """Indices of the logical lines indented under the one at ``index``."""
        end = index + 1
        while end < len(self.lines) and self.lines[end].level > self.lines[index].level:
            end += 1
        return range(index + 1, end)

    @cached_property
    def symbols(self) -> Symbols:
        """The compiler's symbol tables of the module. Raises ``Unreadable`` when there are none."""
        return Symbols(self.module.path, self.source)

    def scope(self, definition: Definition | None) -> symtable.SymbolTable:
        """The symbol table of a function or class, or of the module."""
        if definition is None:
            return self.symbols.module
        return self.symbols.scope(definition.qualname.rpartition(".")[2], definition.first)

    def words(self, definition: Definition | None) -> Words:
        """The names in the lines of a function or class, or of the module."""
        if definition not in self._words:
            span = self.lines[definition.header : definition.end] if definition else self.lines
            self._words[definition] = Words(span)
        return self._words[definition]

    @cached_property
    def type_comments(self) -> set[str]:
        """The names in the module's ``# type:`` comments."""
        return comment_words(self.tokens)

    @cached_property
    def _places(self) -> dict[tuple[int, int], tuple[int, int]]:
        return {
            token.start: (index, position)
            for index, line in enumerate(self.lines)
            for position, token in enumerate(line.tokens)
        }
