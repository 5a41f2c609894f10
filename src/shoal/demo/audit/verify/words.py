"""Every way a run of logical lines may use a name that the symbol table does not show.

Those are annotations under ``from __future__ import annotations``, types in quotes, ``# type:`` comments,
names changed in place or deleted, names exported by string, and names looked up at run time.
"""

from __future__ import annotations

import keyword
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator

from shoal.demo.audit.source import quiet
from shoal.demo.audit.verify.lines import Line, Token, content, header_end, parenthesised, split

REFLECTION = frozenset({"eval", "exec", "locals", "vars", "globals"})
AUGMENTED = frozenset({"+=", "-=", "*=", "/=", "//=", "%=", "**=", "&=", "|=", "^=", "<<=", ">>=", "@="})
TYPE_CHARS = 200
"""A longer string is no type and no export."""
_WORD = re.compile(r"[^\W\d]\w*")


class Words:
    """The names in the lines of a module, or of one function or class of it."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.reflects = False
        self.changed: set[str] = set()
        """Names that are the target of ``+=`` and the like, or of ``del``."""
        self.annotated: set[str] = set()
        self.mentioned: set[str] = set()
        """Names that occur anywhere but right after ``def`` and ``class``, and what strings consist of."""
        self._quoted: defaultdict[str, list[str]] = defaultdict(list)
        for line in lines:
            self._add(line)

    def quoted(self, name: str) -> bool:
        """Whether a name stands in a string that is an expression as a whole: a quoted type, or an export."""
        return any(name in _names(text) for text in self._quoted.get(name, ()))

    def _add(self, line: Line) -> None:
        for before, token, after in neighbours(line.tokens):
            if token.type == tokenize.NAME:
                self._add_name(before, token.string, after)
            elif token.type == tokenize.STRING:
                self._add_string(content(token))
        self.annotated.update(_annotations(line))

    def _add_name(self, before: str, name: str, after: str) -> None:
        if before not in ("def", "class"):
            self.mentioned.add(name)
        if name in REFLECTION:
            self.reflects = True
        if after in AUGMENTED or before == "del":
            self.changed.add(name)

    def _add_string(self, text: str) -> None:
        self.mentioned.add(text)
        if len(text) <= TYPE_CHARS and "\\" not in text:
            for name in set(_WORD.findall(text)):
                self._quoted[name].append(text)


def comment_words(tokens: Iterable[Token]) -> set[str]:
    """The names in ``# type:`` comments."""
    comments = (
        token.string for token in tokens if token.type == tokenize.COMMENT and "type:" in token.string
    )
    return {name for comment in comments for name in _WORD.findall(comment)}


def neighbours(tokens: tuple[Token, ...]) -> Iterator[tuple[str, Token, str]]:
    """Each token with the texts of the one before it and the one after it."""
    before = ""
    for at, token in enumerate(tokens):
        yield before, token, tokens[at + 1].string if at + 1 < len(tokens) else ""
        before = token.string


def _names(text: str) -> set[str]:
    try:
        with quiet():
            return set(compile(text.strip(), "", "eval").co_names)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def _annotations(line: Line) -> Iterator[str]:
    """Names in the annotations of parameters, of a return value or of a variable."""
    runs: list[tuple[Token, ...]] = []
    if line.defines:
        header = line.tokens[: header_end(line.tokens)]
        runs = [run[header_end(run) + 1 :] for run in split(parenthesised(header))]
        arrow = next((at for at, token in enumerate(header) if token.string == "->"), len(header))
        runs.append(header[arrow:])
    elif not keyword.iskeyword(line.tokens[0].string):
        runs = [line.tokens[header_end(line.tokens) + 1 :]]
    for run in runs:
        for before, token, _ in neighbours(run):
            if token.type == tokenize.NAME and before != ".":
                yield token.string
