"""Confirm unreachable code by asking the compiler, which drops it: no instruction stands on such a line."""

from __future__ import annotations

import dis
import tokenize
from functools import lru_cache
from types import CodeType

from shoal.demo.audit.models import Finding
from shoal.demo.audit.source import quiet
from shoal.demo.audit.verify.lines import Line, split
from shoal.demo.audit.verify.view import View

LEAVES = frozenset({"return", "raise", "break", "continue"})
SILENT = frozenset({"global", "nonlocal"})
"""Statements that compile to nothing anywhere."""


def verify(view: View, finding: Finding) -> str | None:
    """Why the finding is wrong, or ``None`` when no path leads to the statement."""
    place = view.at(finding.line, finding.column)
    if place is None:
        return "no statement begins at this place"
    line, position = view.lines[place[0]], place[1]
    if _yields(view, place[0]):
        return "a yield behind it makes the function a generator"
    if position:
        return _after_semicolon(line, position)
    first = line.tokens[0]
    if (
        first.string in SILENT
        or first.type == tokenize.STRING
        or first.type == tokenize.NUMBER
        or _declares(line)
    ):
        return "such a statement compiles to nothing anywhere, so the compiler cannot tell"
    reached = _reached_lines(view)
    if reached is None:
        return "the module cannot be compiled"
    return "the compiler reaches this line" if finding.line in reached else None


def _yields(view: View, index: int) -> bool:
    """Whether a ``yield`` stands in the statement or in what follows it in its block."""
    level = view.lines[index].level
    for line in view.lines[index:]:
        if line.level < level:
            return False
        if "yield" in line.words:
            return True
    return False


def _after_semicolon(line: Line, position: int) -> str | None:
    """A statement that shares its line with what leaves before it."""
    before = split(line.tokens[:position], ";")
    separated = line.tokens[position - 1].string == ";"
    return (
        None
        if separated and before and before[-1][0].string in LEAVES
        else "nothing leaves before it on its line"
    )


def _declares(line: Line) -> bool:
    """``x: int`` without a value."""
    words = line.words
    is_name = words[0].isidentifier() and words[0] not in ("try", "else", "finally")
    return len(words) > 2 and is_name and words[1] == ":" and "=" not in words


@lru_cache(maxsize=1)
def _reached_lines(view: View) -> set[int] | None:
    """Lines with an instruction; a function defined in dropped code is dropped with it."""
    try:
        with quiet():
            code = compile(view.source.text, view.module.path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines: set[int] = set()
    waiting = [code]
    while waiting:
        code = waiting.pop()
        lines |= {line for _, _, line in code.co_lines() if line}
        for instruction in dis.get_instructions(code):
            if isinstance(instruction.argval, CodeType):
                waiting.append(instruction.argval)
    return lines
