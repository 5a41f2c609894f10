"""Several runs held against each other, as a report shows it: the table, verdicts, plots. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from shoal.experiments.comparing.columns import columns_of
from shoal.experiments.comparing.comparison import Comparison
from shoal.experiments.comparing.holding import compare_runs
from shoal.experiments.comparing.team_run import TeamRun
from shoal.experiments.errors import NothingToCompare
from shoal.experiments.report.svg_cost import cost_against_score
from shoal.experiments.report.svg_drawing import SERIES
from shoal.experiments.report.svg_intervals import score_intervals
from shoal.experiments.report.svg_latency import latency_curves
from shoal.experiments.report.svg_mark import clean


class TeamRow(NamedTuple):
    """A line of the table."""

    team: str
    run: str
    colour: int
    cells: tuple[str, ...]
    verdict: str
    kind: str


class ComparedSection(NamedTuple):
    """A comparison."""

    verdict: str
    headings: tuple[str, ...]
    rows: tuple[TeamRow, ...]
    notes: tuple[str, ...]
    pictures: tuple[Markup, ...]
    cases: int
    tasks: int


def compared_section(
    runs: Sequence[TeamRun], latencies: dict[str, tuple[float, ...]]
) -> ComparedSection | str:
    """The comparison of these runs, or why there is none. ``latencies``: of each run, sorted."""
    try:
        found = compare_runs(runs, baseline_required=False)
    except NothingToCompare as error:
        return error.text
    columns = columns_of(found.teams)
    rows = tuple(
        TeamRow(
            team.team, team.run, number % SERIES, tuple(column.cell(team) for column in columns), team.verdict.text,
            team.verdict.kind.value.replace("_", " "),
        )
        for number, team in enumerate(found.teams)
    )  # fmt: skip
    headings = tuple(column.heading for column in columns)
    pictures = tuple(_pictures(found, latencies))
    return ComparedSection(found.verdict, headings, rows, found.notes, pictures, found.cases, found.tasks)


def _pictures(found: Comparison, latencies: Mapping[str, Sequence[float]]) -> list[Markup]:
    drawn = [
        score_intervals(found),
        cost_against_score(found),
        latency_curves({team.team: latencies.get(team.run, ()) for team in found.teams}),
    ]
    return [Markup(clean(svg)) for svg in drawn if svg]
