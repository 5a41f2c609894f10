"""Logical lines, brackets and definitions read off a module's tokens, without a syntax tree."""

from __future__ import annotations

import tokenize
from dataclasses import dataclass

Token = tokenize.TokenInfo
_LAYOUT = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER})
OPENING, CLOSING = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True, slots=True)
class Line:
    """A logical line: a compound statement's header (with what follows on its line), or simple statements."""

    tokens: tuple[Token, ...]
    level: int
    """Depth of indentation, in steps."""

    @property
    def words(self) -> list[str]:
        """The tokens' texts."""
        return [token.string for token in self.tokens]

    @property
    def first(self) -> int:
        """Number of the physical line it begins on."""
        return self.tokens[0].start[0]

    @property
    def last(self) -> int:
        """Number of the physical line it ends on."""
        return self.tokens[-1].end[0]

    @property
    def defines(self) -> tuple[str, str] | None:
        """``("def" or "class", name)`` for the header of a function or class."""
        at = 1 if self.tokens[0].string == "async" and len(self.tokens) > 1 else 0
        keyword = self.tokens[at].string
        if keyword in ("def", "class") and len(self.tokens) > at + 1:
            return keyword, self.tokens[at + 1].string
        return None


@dataclass(frozen=True, slots=True)
class Definition:
    """A function or class: its header and the logical lines after it that belong to it."""

    qualname: str
    keyword: str
    header: int
    """Index of the header in ``View.lines``."""
    end: int
    """Index after its last logical line."""
    first: int
    last: int
    """Its physical lines, decorators left out."""
    outer: Definition | None = None
    """The function or class around it."""


def closing(tokens: tuple[Token, ...], opening: int) -> int:
    """Index of the bracket that closes the one at ``opening``; the last token's when there is none."""
    depth = 0
    for index in range(opening, len(tokens)):
        text = tokens[index].string
        if tokens[index].type == tokenize.OP and text in OPENING:
            depth += 1
        elif tokens[index].type == tokenize.OP and text in CLOSING:
            depth -= 1
            if depth == 0:
                return index
    return len(tokens) - 1


def header_end(tokens: tuple[Token, ...]) -> int:
    """Index of the colon that ends a compound statement's header; the last token's when there is none."""
    depth = lambdas = 0
    for index, token in enumerate(tokens):
        text = token.string
        if token.type == tokenize.OP and text in OPENING:
            depth += 1
        elif token.type == tokenize.OP and text in CLOSING:
            depth -= 1
        elif depth == 0 and text == "lambda":
            lambdas += 1
        elif depth == 0 and text == ":" and lambdas:
            lambdas -= 1
        elif depth == 0 and text == ":":
            return index
    return len(tokens) - 1


def parenthesised(header: tuple[Token, ...]) -> tuple[Token, ...]:
    """What stands between the first parentheses of a header: parameters, or the bases of a class."""
    opening = next((at for at, token in enumerate(header) if token.string == "("), len(header) - 1)
    return header[opening + 1 : closing(header, opening)]


def split(tokens: tuple[Token, ...], separator: str = ",") -> list[tuple[Token, ...]]:
    """The runs of tokens between separators outside brackets; empty ones left out."""
    runs: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.type == tokenize.OP and token.string in OPENING:
            depth += 1
        elif token.type == tokenize.OP and token.string in CLOSING:
            depth -= 1
        if depth == 0 and token.string == separator:
            runs.append([])
        else:
            runs[-1].append(token)
    return [tuple(run) for run in runs if run]


def content(token: Token) -> str:
    """What stands between a string token's quotes, escapes and all."""
    text = token.string[token.string.index(token.string[-1]) :]
    quotes = 3 if text[:3] == text[0] * 3 and len(text) >= 6 else 1
    return text[quotes:-quotes]


def is_f_string(token: Token) -> bool:
    """Whether a token is, or begins, a formatted string."""
    if token.type == tokenize.STRING:
        return "f" in token.string[: token.string.index(token.string[-1])].lower()
    return tokenize.tok_name[token.type] in ("FSTRING_START", "TSTRING_START")


def logical_lines(tokens: tuple[Token, ...]) -> list[Line]:
    """The logical lines of a module, with their depth of indentation."""
    lines: list[Line] = []
    current: list[Token] = []
    level = 0
    for token in tokens:
        if token.type == tokenize.INDENT:
            level += 1
        elif token.type == tokenize.DEDENT:
            level -= 1
        elif token.type == tokenize.NEWLINE:
            if current:
                lines.append(Line(tuple(current), level))
            current = []
        elif token.type not in _LAYOUT:
            current.append(token)
    return lines


def definitions(lines: list[Line]) -> list[Definition]:
    """The functions and classes of a module, in source order, outer before inner."""
    found: list[Definition] = []
    around: list[tuple[int, Definition]] = []
    for index, line in enumerate(lines):
        while around and around[-1][0] >= line.level:
            around.pop()
        defines = line.defines
        if defines:
            outer = around[-1][1] if around else None
            qualname = f"{outer.qualname}.{defines[1]}" if outer else defines[1]
            end = index + 1
            while end < len(lines) and lines[end].level > line.level:
                end += 1
            found.append(Definition(qualname, defines[0], index, end, line.first, lines[end - 1].last, outer))
            around.append((line.level, found[-1]))
    return found
