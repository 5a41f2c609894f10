"""Confirm a risky statement from the tokens at its place and of the lines indented under it."""

from __future__ import annotations

import tokenize
from collections.abc import Callable

from shoal.demo.audit.models import Finding
from shoal.demo.audit.risky_names import BROAD_EXCEPTIONS, MUTABLE_MAKERS
from shoal.demo.audit.verify.lines import (
    OPENING,
    Line,
    Token,
    closing,
    header_end,
    is_f_string,
    parenthesised,
    split,
)
from shoal.demo.audit.verify.view import View

SILENT = frozenset({"pass", "...", ";"})
"""What a handler that does nothing is made of."""


def verify(view: View, finding: Finding) -> str | None:
    """Why the finding is wrong, or ``None`` when the statement is there."""
    place = view.at(finding.line, finding.column)
    if place is None:
        return "no statement or expression begins at this place"
    return _VERIFIERS[finding.rule](view, *place)


def _handler_body(view: View, index: int) -> list[str]:
    header = view.lines[index]
    words = [token.string for token in header.tokens[header_end(header.tokens) + 1 :]]
    for at in view.body(index):
        words.extend(view.lines[at].words)
    return words


def _bare_except(view: View, index: int, position: int) -> str | None:
    words = view.lines[index].words[position:]
    if words[:2] != ["except", ":"]:
        return "no bare except stands here"
    body = _handler_body(view, index)
    if "raise" in body:
        return "the handler raises"
    return None if set(body) - SILENT else "the handler is silent: rule R107"


def _swallowed(view: View, index: int, position: int) -> str | None:
    line = view.lines[index]
    if line.words[position] != "except":
        return "no except stands here"
    caught = {token.string for token in line.tokens[position + 1 : header_end(line.tokens)]}
    if caught and caught.isdisjoint(BROAD_EXCEPTIONS):
        return "the handler names what it expects"
    done = set(_handler_body(view, index)) - SILENT
    return "the handler does something" if done else None


def _mutable_default(view: View, index: int, position: int) -> str | None:
    line = view.lines[index]
    defines = line.defines
    if defines is None or defines[0] != "def":
        return "no function header stands here"
    tokens = line.tokens
    opening = next((at for at, token in enumerate(tokens) if token.string == "("), len(tokens))
    depth = sum((t.string in OPENING) - (t.string in (")", "]", "}")) for t in tokens[opening:position])
    if tokens[position - 1].string != "=" or depth != 1 or position > closing(tokens, opening):
        return "no default value begins at this place"
    text = tokens[position].string
    made = text in MUTABLE_MAKERS and tokens[position + 1].string == "("
    return None if text in ("[", "{") or made else "the default is not mutable"


def _assert_tuple(view: View, index: int, position: int) -> str | None:
    statement = _statement(view.lines[index], position)
    if statement[0].string != "assert":
        return "no assert stands here"
    whole = len(statement) > 2 and statement[1].string == "(" and closing(statement, 1) == len(statement) - 1
    has_comma = any(token.string == "," for token in _depth_one(statement[1:])) if whole else False
    return None if has_comma else "the assert is not on a tuple"


def _assert_argument(view: View, index: int, position: int) -> str | None:
    statement = _statement(view.lines[index], position)
    definition = view.definition(statement[0].start[0])
    if statement[0].string != "assert" or definition is None or definition.keyword != "def":
        return "no assert of a function stands here"
    if position or view.lines[index].level != view.lines[definition.header].level + 1:
        return "the assert is not at the function's door"
    if _assert_tuple(view, index, position) is None:
        return "the assert is on a tuple"
    private = [
        part for part in definition.qualname.split(".") if part.startswith("_") and not part.startswith("__")
    ]
    if private:
        return f"{private[0]} is private"
    for at in range(definition.header + 1, index):
        first = view.lines[at].tokens[0]
        if first.string != "assert" and first.type != tokenize.STRING:
            return "other statements come before it"
    header = view.lines[definition.header].tokens
    parameters = {run[0 if run[0].string not in "**" else -1].string for run in split(parenthesised(header))}
    tested = {token.string for token in split(statement[1:])[0] if token.type == tokenize.NAME}
    return None if tested & (parameters - {"self", "cls"}) else "it tests no argument"


def _literal_identity(view: View, index: int, position: int) -> str | None:
    tokens = view.lines[index].tokens
    for at in range(position, len(tokens) - 1):
        if tokens[at].string == "is":
            right = at + 2 if tokens[at + 1].string == "not" else at + 1
            if _is_value(tokens[at - 1]) or (right < len(tokens) and _is_value(tokens[right])):
                return None
    return "no literal stands beside `is`"


def _is_value(token: Token) -> bool:
    return token.type == tokenize.NUMBER or (token.type == tokenize.STRING and not is_f_string(token))


def _statement(line: Line, position: int) -> tuple[Token, ...]:
    """The simple statement that begins at a token, up to the semicolon or the end of the line."""
    return split(line.tokens[position:], ";")[0]


def _depth_one(tokens: tuple[Token, ...]) -> list[Token]:
    """The tokens directly inside the bracket that the run begins with."""
    depth, found = 0, []
    for token in tokens:
        depth -= token.string in (")", "]", "}")
        if depth == 1:
            found.append(token)
        depth += token.string in OPENING
    return found


_VERIFIERS: dict[str, Callable[[View, int, int], str | None]] = {
    "R106": _bare_except,
    "R107": _swallowed,
    "R108": _mutable_default,
    "R109": _assert_tuple,
    "R110": _assert_argument,
    "R115": _literal_identity,
}
