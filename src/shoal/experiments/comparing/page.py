"""A comparison in the terminal: as many tables below each other as the width needs, then what is to be made of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from shoal.experiments.comparing.columns import Column, columns_of
from shoal.experiments.comparing.comparison import Comparison, Kind, TeamFigures
from shoal.experiments.comparing.wording import counted
from shoal.runtime.terminal.text import printable

_LONGEST_NAME = 20
_GAP = 2
"""Characters between columns: one of padding, one of the rule."""
_MARKS = {
    Kind.BASELINE: ("·", "dim"),
    Kind.BETTER: ("▲", "green"),
    Kind.WORSE: ("▼", "red"),
    Kind.AS_GOOD: ("=", "yellow"),
    Kind.AS_GOOD_AND_CHEAPER: ("=", "green"),
    Kind.CHEAPER: ("?", "yellow"),
    Kind.TOO_FEW: ("?", "yellow"),
    Kind.NO_SCORE: ("·", "dim"),
    Kind.NO_BASELINE: ("·", "dim"),
}


class ComparisonPage:
    """What ``shoal compare`` prints."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Tables for this width."""
        found = self._comparison
        yield Text(headline(found), "bold")
        for columns in packed(found.teams, options.max_width):
            yield _table(found.teams, columns)
        for team in found.teams:
            if team.verdict.kind is not Kind.BASELINE:
                yield _verdict(team)
        yield Text()
        yield Text(printable(found.verdict), "bold")
        for note in found.notes:
            yield Text(printable(note), "dim")


def headline(comparison: Comparison) -> str:
    """``triage: 40 cases, 80 tasks``."""
    name = f"{printable(comparison.experiment)}: " if comparison.experiment else ""
    tasks = f", {comparison.tasks:,} tasks" if comparison.tasks != comparison.cases else ""
    against = f", held against {printable(comparison.baseline)}" if comparison.baseline else ""
    return f"{name}{counted(comparison.cases, 'case')}{tasks}{against}"


def packed(teams: Sequence[TeamFigures], width: int) -> list[list[Column]]:
    """The columns in as few tables as fit this many characters, each with the teams' names, the first ones first."""
    names = _GAP + max(4, *(min(_LONGEST_NAME, cell_len(team.team)) for team in teams))
    tables: list[list[Column]] = []
    left = -1
    for column in columns_of(teams):
        needed = _GAP + max(cell_len(column.heading), *(cell_len(column.cell(team)) for team in teams))
        if left < needed:
            tables.append([])
            left = width - names + _GAP  # none behind the last
        tables[-1].append(column)
        left -= needed
    return tables


def _table(teams: Sequence[TeamFigures], columns: Sequence[Column]) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, _GAP - 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("team", no_wrap=True, overflow="ellipsis", max_width=_LONGEST_NAME)
    for column in columns:
        table.add_column(column.heading, justify="right", no_wrap=True)
    for team in teams:
        name = Text(printable(team.team), "bold" if team.verdict.kind is Kind.BASELINE else "")
        table.add_row(name, *(column.cell(team) for column in columns))
    return Padding(table, (1, 0, 0, 0))


def _verdict(team: TeamFigures) -> RenderableType:
    mark, style = _MARKS[team.verdict.kind]
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark, style), Text(printable(team.verdict.text)))
    return Padding(Group(grid), (1, 0, 0, 0))
