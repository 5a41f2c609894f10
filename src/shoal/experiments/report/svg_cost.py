"""What teams cost against what they score: each a dot with its 95 % interval. Up and to the left is better. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shoal.experiments.comparing.comparison import Comparison, CostUnit, TeamFigures
from shoal.experiments.comparing.estimate import Estimate
from shoal.experiments.comparing.wording import points
from shoal.experiments.report.svg_drawing import (
    LETTER,
    WIDTH,
    Scale,
    colour,
    framed,
    line,
    number,
    shortened,
    text,
    ticks,
)

_LEFT, _RIGHT, _TOP, _HEIGHT, _AXIS = 48, 24, 34, 260, 48
_APART = 15.0
"""Lines of labels stand so far from each other."""


class _Dot(NamedTuple):
    series: int
    team: str
    cost: float
    """Of one task."""
    score: Estimate


def cost_against_score(comparison: Comparison, name: str = "cost") -> str:
    """The plot; empty where nothing was judged, or no model was asked."""
    unit = comparison.teams[0].cost_unit
    dots = [
        _Dot(index, team.team, _cost(team, unit) / comparison.tasks, team.score)
        for index, team in enumerate(comparison.teams)
        if team.score is not None
    ]
    if unit is None or not dots:
        return ""
    x_marks = ticks(0.0, max(dot.cost for dot in dots))
    y_marks = ticks(100 * min(_low(dot.score) for dot in dots), 100 * max(_high(dot.score) for dot in dots))
    along = Scale(x_marks[0], x_marks[-1], _LEFT, WIDTH - _RIGHT)
    up = Scale(y_marks[0] / 100, y_marks[-1] / 100, _TOP + _HEIGHT, _TOP)
    word = "US$" if unit is CostUnit.USD else "tokens"
    parts = [text(12, 20, "score, points of a hundred, with 95 % interval", kind="soft")]
    parts += _axes(x_marks, y_marks, along, up)
    parts.append(text(WIDTH - _RIGHT, up.start + 38, f"{word} a task", anchor="end", kind="soft"))
    for dot in dots:
        parts.append(_drawn(dot, along, up))
    parts += _labels(dots, along, up)
    about = "; ".join(
        f"{dot.team}: {points(dot.score.value)} points, {dot.cost:.4g} {word} a task" for dot in dots
    )
    return framed(name, "What the teams cost against what they score", about, up.start + _AXIS, parts)


def _cost(team: TeamFigures, unit: CostUnit | None) -> float:
    return team.usd if unit is CostUnit.USD else float(team.tokens)


def _low(score: Estimate) -> float:
    return score.value if score.low is None else score.low


def _high(score: Estimate) -> float:
    return score.value if score.high is None else score.high


def _axes(x_marks: Sequence[float], y_marks: Sequence[float], along: Scale, up: Scale) -> list[str]:
    parts = []
    for mark in x_marks:
        x = along.at(mark)
        parts += [
            line(x, up.end, x, up.start, 'class="grid"'),
            text(x, up.start + 18, f"{mark:,g}", anchor="middle", kind="soft"),
        ]
    for mark in y_marks:
        y = up.at(mark / 100)
        parts += [
            line(along.start, y, along.end, y, 'class="grid"'),
            text(along.start - 8, y + 4, f"{mark:g}", anchor="end", kind="soft"),
        ]
    return parts


def _drawn(dot: _Dot, along: Scale, up: Scale) -> str:
    x, ink = along.at(dot.cost), colour(dot.series)
    whisker = line(x, up.at(_low(dot.score)), x, up.at(_high(dot.score)), f'stroke="{ink}" stroke-width="2"')
    return f'{whisker}<circle cx="{number(x)}" cy="{number(up.at(dot.score.value))}" r="6" fill="{ink}"/>'


def _labels(dots: Sequence[_Dot], along: Scale, up: Scale) -> list[str]:
    """Beside the dots, moved down where one would lie over another."""
    parts: list[str] = []
    placed: list[tuple[float, float, float]] = []
    for dot in sorted(dots, key=lambda each: -each.score.value):
        said = shortened(dot.team)
        width = len(said) * LETTER
        right = along.at(dot.cost) + 12 + width <= WIDTH
        start = along.at(dot.cost) + 12 if right else along.at(dot.cost) - 12 - width
        y = up.at(dot.score.value) + 4
        while any(
            abs(y - other) < _APART and start < end and begin < start + width for begin, end, other in placed
        ):
            y += _APART
        placed.append((start, start + width, y))
        x, anchor = (start, "start") if right else (start + width, "end")
        parts.append(text(x, y, said, anchor=anchor))
    return parts
