"""Confirm a missing docstring: the first token of the body must not be a string that stands alone."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from functools import lru_cache

from shoal.demo.audit.models import MODULE_SCOPE, Finding
from shoal.demo.audit.source import quiet
from shoal.demo.audit.verify.lines import Definition, Line, Token, closing, header_end, is_f_string, split
from shoal.demo.audit.verify.view import View

EXEMPT = frozenset({"overload", "override", "setter", "deleter", "getter"})


def verify(view: View, finding: Finding) -> str | None:
    """Why the finding is wrong, or ``None`` when a public docstring is missing there."""
    return _module(view, finding) if finding.rule == "D101" else _definition(view, finding)


def _module(view: View, finding: Finding) -> str | None:
    stem = view.module.path.rpartition("/")[2].removesuffix(".py")
    if stem.startswith("_") and not stem.endswith("__"):
        return "the module is private"
    if not view.lines or finding.symbol != MODULE_SCOPE:
        return "the module is empty" if not view.lines else "the symbol is not the module"
    begins = next(line for line in view.lines if not _is_decorator(line))
    if begins.first != finding.line:
        return "the module does not begin on this line"
    return "the module has a docstring" if _is_docstring(view.lines[0].tokens) else None


def _definition(view: View, finding: Finding) -> str | None:
    definition = view.definition(finding.line)
    keyword = "class" if finding.rule == "D102" else "def"
    if definition is None or definition.first != finding.line or definition.keyword != keyword:
        return f"no {keyword} begins on this line"
    names = definition.qualname.split(".")
    if any(name.startswith("_") for name in names):
        return "it is not public"
    exported = _exported(view)
    if exported is not None and names[0] not in exported:
        return f"{names[0]} is not in __all__"
    if any(word in EXEMPT for word in _decorators(view, definition.header)):
        return "an overload, override or property accessor shares the docstring of another"
    if any(outer.keyword == "def" for outer in _around(definition)):
        return "it is nested in a function"
    if keyword == "def" and definition.outer and _has_bases(view.lines[definition.outer.header]):
        return "the class has bases to inherit the docstring from"
    header = view.lines[definition.header]
    body = header.tokens[header_end(header.tokens) + 1 :]
    if not body and definition.header + 1 < len(view.lines):
        body = view.lines[definition.header + 1].tokens
    return "it has a docstring" if _is_docstring(body) else None


def _is_docstring(tokens: tuple[Token, ...]) -> bool:
    statement = [token for token in split(tokens, ";")[0] if token.string not in "()"] if tokens else []
    plain = (
        token.type == tokenize.STRING and not is_f_string(token) and not _is_bytes(token)
        for token in statement
    )
    return bool(statement) and all(plain)


def _is_bytes(token: Token) -> bool:
    return "b" in token.string[: token.string.index(token.string[-1])].lower()


def _is_decorator(line: Line) -> bool:
    return line.tokens[0].string == "@"


def _decorators(view: View, header: int) -> Iterator[str]:
    at = header - 1
    while at >= 0 and _is_decorator(view.lines[at]):
        yield from view.lines[at].words
        at -= 1


def _has_bases(header: Line) -> bool:
    tokens = header.tokens[: header_end(header.tokens)]
    opening = next((at for at, token in enumerate(tokens) if token.string == "("), None)
    if opening is None:
        return False
    arguments = split(tokens[opening + 1 : closing(tokens, opening)])
    return any(len(argument) < 2 or argument[1].string != "=" for argument in arguments)


def _around(definition: Definition) -> Iterator[Definition]:
    outer = definition.outer
    while outer:
        yield outer
        outer = outer.outer


@lru_cache(maxsize=1)
def _exported(view: View) -> set[str] | None:
    """Names in ``__all__``; ``None`` when there is none, or it is computed."""
    names: set[str] = set()
    found = False
    for line in view.lines:
        if line.level or line.tokens[0].string != "__all__":
            continue
        if any(
            t.type == tokenize.NAME and t.string not in ("__all__", "append", "extend") for t in line.tokens
        ):
            return None
        found = True
        with quiet():
            names |= {str(ast.literal_eval(t.string)) for t in line.tokens if t.type == tokenize.STRING}
    return names if found else None
