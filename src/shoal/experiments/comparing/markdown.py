"""A comparison as Markdown, for a pull request or a paper's appendix. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from shoal.experiments.comparing.columns import columns_of
from shoal.experiments.comparing.comparison import Comparison, Kind
from shoal.experiments.comparing.page import headline


def as_markdown(comparison: Comparison) -> str:
    """A heading, the verdict, the table, the verdict on each team, and the notes."""
    columns = columns_of(comparison.teams)
    lines = [f"# {_plain(headline(comparison))}", "", f"**{_plain(comparison.verdict)}**", ""]
    lines.append(_row(["team", *(column.heading for column in columns)]))
    lines.append(_row([":--", *("--:" for _ in columns)]))
    for team in comparison.teams:
        lines.append(_row([team.team, *(column.cell(team) for column in columns)]))
    lines.append("")
    lines += [
        f"- {_plain(team.verdict.text)}"
        for team in comparison.teams
        if team.verdict.kind is not Kind.BASELINE
    ]
    if comparison.notes:
        lines += ["", *(f"- {_plain(note)}" for note in comparison.notes)]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(text: str) -> str:
    """A text on one line, in which nothing is Markdown's."""
    for sign in "\\`*_{}[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
