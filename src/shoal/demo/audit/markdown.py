"""Text that came from somebody's source tree, made safe to stand in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from shoal.demo.audit.source import printable

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&!])")
_TICKS = re.compile(r"`+")


def escape(text: str) -> str:
    """``text`` as plain words on one line: nothing in it is markup, an entity or the end of a table cell."""
    return _SPECIAL.sub(r"\\\1", printable(text))


def code(text: str) -> str:
    """``text`` as a code span that fits into a table cell, whatever backticks and pipes it holds."""
    text = printable(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table. A column whose title ends in ``:`` is aligned to the right."""
    titles = [column.rstrip(":") for column in columns]
    rules = ["---:" if column.endswith(":") else "---" for column in columns]
    lines = [titles, rules, *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def bar(part: int, whole: int, width: int = 10) -> str:
    """A bar of ``width`` characters, filled in proportion; any part above nothing shows."""
    filled = 0 if whole <= 0 or part <= 0 else max(1, round(width * part / whole))
    return "█" * filled + "░" * (width - filled)
