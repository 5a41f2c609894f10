"""Recount a function's paths from its keywords, without a syntax tree and without radon.

The count is McCabe's as radon defines it: one, plus one for each ``if``, ``elif``, ``for``, ``while``,
``except``, ``and``, ``or``, ``assert``, ``case`` and for the ``else`` of a loop or ``try``. Nested functions
and classes count on their own; of an ``assert`` only the keyword counts.
"""

from __future__ import annotations

import re
import tokenize

from shoal.demo.audit.models import Finding
from shoal.demo.audit.rules import complexity_rule
from shoal.demo.audit.verify.lines import Definition, Line, Token, header_end, is_f_string
from shoal.demo.audit.verify.view import View

BRANCHES = frozenset({"if", "elif", "for", "while", "except", "and", "or"})
_F_STRING_FIELD = re.compile(r"\{([^{}]*)\}")
_F_STRING_BRANCH = re.compile(r"\b(?:if|for|and|or)\b")


def verify(view: View, finding: Finding) -> str | None:
    """Why the finding is wrong, or ``None`` when the recount agrees within 5 % (at least 1)."""
    definition = view.definition(finding.line)
    if definition is None or definition.first != finding.line or definition.keyword != "def":
        return "no function begins on this line"
    if finding.metric is None:
        return "no complexity is given"
    if finding.metric < view.module.limits.complexity:
        return f"complexity {finding.metric} is below the limit of {view.module.limits.complexity}"
    if finding.rule != complexity_rule(finding.metric):
        return f"complexity {finding.metric} belongs under rule {complexity_rule(finding.metric)}"
    counted = recount(view, definition)
    if abs(counted - finding.metric) > max(1, finding.metric // 20):
        return f"complexity is {counted} by recount, not {finding.metric}"
    return None


def recount(view: View, definition: Definition) -> int:
    """Cyclomatic complexity of a function."""
    header = view.lines[definition.header]
    inline = header.tokens[header_end(header.tokens) + 1 :]
    total = 1 + (_branches(inline) if inline else 0)
    owners: dict[int, str] = {}
    captures: set[int] = set()
    index = definition.header + 1
    while index < definition.end:
        line = view.lines[index]
        if line.defines:
            index = view.body(index).stop
            continue
        if line.tokens[0].string != "@":
            total += _of_line(line, owners, captures)
        index += 1
    return total


def _of_line(line: Line, owners: dict[int, str], captures: set[int]) -> int:
    """What a line adds. ``owners``: by level, the statement an ``else`` there would belong to."""
    first = line.tokens[0].string
    if first == "else":
        rest = _branches(line.tokens[1:])
        return rest + (owners.get(line.level) in ("for", "while", "try"))
    if first == "case" and owners.get(line.level - 1) == "match":
        return _case(line, captures)
    if first == "except" and len(line.tokens) > 1 and line.tokens[1].string == "*":
        # radon does not look into except*: neither its handlers nor its else count.
        owners[line.level] = "except*"
        return _branches(line.tokens[1:])
    if first in ("if", "for", "while", "try", "match"):
        owners[line.level] = first
        captures.discard(line.level)
    elif first == "async" and len(line.tokens) > 1:
        owners[line.level] = line.tokens[1].string
    return _branches(line.tokens)


def _case(line: Line, captures: set[int]) -> int:
    colon = header_end(line.tokens)
    pattern = line.tokens[1:colon]
    guard = next((at for at, token in enumerate(pattern) if token.string == "if"), len(pattern))
    rest = _branches(pattern[guard + 1 :]) + _branches(line.tokens[colon + 1 :])
    is_capture = (
        guard == 1 and pattern[0].string.isidentifier() and pattern[0].string not in ("None", "True", "False")
    )
    # The case that takes everything else is the path that the match would have without it; it is let off
    # once.
    if is_capture and line.level - 1 not in captures:
        captures.add(line.level - 1)
        return rest
    return rest + 1


def _branches(tokens: tuple[Token, ...]) -> int:
    count = 0
    in_assert = False
    for token in tokens:
        if token.type == tokenize.NAME and token.string == "assert":
            in_assert = True
            count += 1
        elif in_assert:
            in_assert = token.string != ";"
        elif token.type == tokenize.NAME:
            count += token.string in BRANCHES
        elif token.type == tokenize.STRING and is_f_string(token):
            # Before Python 3.12 the tokenizer does not look into f-strings.
            count += sum(
                len(_F_STRING_BRANCH.findall(field)) for field in _F_STRING_FIELD.findall(token.string)
            )
    return count
