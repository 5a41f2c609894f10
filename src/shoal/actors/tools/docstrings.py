"""Reads of a docstring what a model is told: what a function does, and what each argument is.

Two manners are read: sections (``Args:`` with ``name: text`` or ``name (type): text`` under it) and fields
(``:param name: text``). What it returns is told too; what it raises, and examples, are for people.
"""

from __future__ import annotations

import inspect
import re
from typing import NamedTuple

_SECTION = re.compile(r"(\w+)( \w+)?:\s*$")
_ARGUMENTS = frozenset({"args", "arguments", "parameters", "params"})
_OTHER = frozenset(
    {"returns", "return", "raises", "yields", "example", "examples", "note", "notes", "see", "warning", "attributes"}
)  # fmt: skip
_ARGUMENT = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s+(.*)|\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:$")
_FIELD = re.compile(r":(\w+)(?:\s+[^:]*?)??(?:\s+(\w+))?:\s*(.*)")


class Docstring(NamedTuple):
    """What one says."""

    text: str
    """What the function does; with what it returns, where that is said."""
    arguments: dict[str, str]
    """The description of each argument that has one."""


def read_docstring(docstring: str | None) -> Docstring:
    """Take a docstring apart. One without sections is all text."""
    text: list[str] = []
    returns: list[str] = []
    arguments: dict[str, list[str]] = {}
    into: list[str] = text
    in_arguments, indent = False, 0
    for line in inspect.cleandoc(docstring or "").splitlines():
        stripped = line.strip()
        if line == stripped and (section := _section_of(stripped)):
            in_arguments, indent = section in _ARGUMENTS, 0
            into = returns if section in ("returns", "return") else []
        elif field := _FIELD.fullmatch(stripped):
            in_arguments, into = False, _of_field(field, arguments, returns)
        elif in_arguments and stripped:
            depth = len(line) - len(line.lstrip())
            indent = indent or depth
            named = _ARGUMENT.fullmatch(stripped) if depth == indent else None
            if named:
                into = arguments.setdefault(named[1] or named[3], [])
                stripped = named[2] or ""
            into.append(stripped)
        else:
            into.append(stripped)
    whole = "\n".join(text).strip()
    if said := _joined(returns):
        whole += f"\n\nReturns: {said}"
    return Docstring(whole, {name: _joined(lines) for name, lines in arguments.items()})


def _section_of(line: str) -> str:
    """The name of the section that a line opens; empty for any other line."""
    found = _SECTION.fullmatch(line)
    name = found[1].lower() if found else ""
    return name if name in _ARGUMENTS or name in _OTHER else ""


def _of_field(field: re.Match[str], arguments: dict[str, list[str]], returns: list[str]) -> list[str]:
    """Where the text of a ``:field name: text`` goes on."""
    kind, name, text = field[1], field[2], field[3]
    if kind in ("param", "parameter", "arg", "argument") and name:
        lines = arguments.setdefault(name, [])
    else:
        lines = returns if kind in ("return", "returns") else []
    lines.append(text)
    return lines


def _joined(lines: list[str]) -> str:
    return " ".join(line for line in lines if line)
