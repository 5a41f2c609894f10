"""The columns of a comparison, the ones that decide first: the same in the terminal and in Markdown. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from shoal.experiments.comparing.comparison import TeamFigures
from shoal.experiments.comparing.estimate import Estimate
from shoal.experiments.comparing.wording import points, signed_points, times, whole
from shoal.experiments.result import State

NOTHING = "–"


class Column(NamedTuple):
    """One figure of each team."""

    heading: str
    cell: Callable[[TeamFigures], str]


def columns_of(teams: Sequence[TeamFigures]) -> list[Column]:
    """Those in which any team has anything, behind the teams' names."""
    return [
        column
        for column in _ALL
        if column.heading in _ALWAYS or any(column.cell(team) not in _EMPTY for team in teams)
    ]


def _score(team: TeamFigures) -> str:
    return NOTHING if team.score is None else f"{points(team.score.value)}{_interval(team.score, points)}"


def _difference(team: TeamFigures) -> str:
    if team.difference is None:
        return NOTHING
    return f"{signed_points(team.difference.value)}{_interval(team.difference, signed_points)}"


def _interval(found: Estimate, said: Callable[[float], str]) -> str:
    if found.low is None or found.high is None:
        return ""
    return f" ({said(whole(found.low))} to {said(whole(found.high))})"


def _p(team: TeamFigures) -> str:
    if team.difference is None:
        return NOTHING
    p = team.difference.p_corrected
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _cost(team: TeamFigures) -> str:
    return NOTHING if team.cost_multiplier is None else times(team.cost_multiplier)


def _dollars(team: TeamFigures) -> str:
    if not team.usd and not team.priced:
        return NOTHING
    return f"{team.usd:,.4f}{'' if team.priced else '+'}"


def seconds(value: float | None) -> str:
    """A duration in three digits: ``0.512 s``, ``12.3 s``, ``5.2 ms``."""
    if value is None:
        return NOTHING
    if value < 0.1:
        return f"{1000 * value:.3g} ms"
    return f"{value:.3g} s" if value < 100 else f"{value:,.0f} s"


def _rate(team: TeamFigures) -> str:
    if team.throughput is None:
        return NOTHING
    return f"{team.throughput:.3g}" if team.throughput < 100 else f"{team.throughput:,.0f}"


def _state(state: State) -> Callable[[TeamFigures], str]:
    return lambda team: f"{team.states.get(state, 0):,}"


_ALL = (
    Column("score (95 %)", _score),
    Column("difference (95 %)", _difference),
    Column("p", _p),
    Column("cost", _cost),
    Column("tokens", lambda team: f"{team.tokens:,}"),
    Column("US$", _dollars),
    Column("calls", lambda team: f"{team.calls:,}"),
    Column("p50", lambda team: seconds(team.latency_p50_s)),
    Column("p95", lambda team: seconds(team.latency_p95_s)),
    Column("tasks/s", _rate),
    Column("done", _state(State.DONE)),
    Column("partial", _state(State.PARTIAL)),
    Column("failed", _state(State.FAILED)),
    Column("not started", _state(State.NOT_STARTED)),
    Column("messages", lambda team: f"{team.messages:,}"),
    Column("restarts", lambda team: f"{team.restarts:,}"),
)
_ALWAYS = ("p50", "p95", "done", "failed")
_EMPTY = (NOTHING, "0", "0.0000")
