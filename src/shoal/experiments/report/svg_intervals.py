"""Scores of teams, each a dot with its 95 % interval, and the baseline's as a line through all. Pure."""

from __future__ import annotations

from shoal.experiments.comparing.comparison import Comparison
from shoal.experiments.comparing.wording import points, whole
from shoal.experiments.report.svg_drawing import (
    WIDTH,
    Scale,
    colour,
    framed,
    line,
    number,
    shortened,
    text,
    ticks,
    width_of,
)

_ROW, _TOP, _AXIS = 34, 34, 34


def score_intervals(comparison: Comparison, name: str = "scores") -> str:
    """The plot; empty where nothing was judged."""
    teams = [(index, team.team, team.score) for index, team in enumerate(comparison.teams)]
    judged = [(index, team, score) for index, team, score in teams if score is not None]
    if not judged:
        return ""
    said = [
        points(score.value)
        + (
            ""
            if score.low is None or score.high is None
            else f" ({points(whole(score.low))} to {points(whole(score.high))})"
        )
        for _, _, score in judged
    ]
    names = [shortened(team) for _, team, _ in judged]
    lows = [score.value if score.low is None else score.low for _, _, score in judged]
    highs = [score.value if score.high is None else score.high for _, _, score in judged]
    marks = ticks(100 * min(lows), 100 * max(highs))
    scale = Scale(marks[0] / 100, marks[-1] / 100, width_of(names) + 24, WIDTH - width_of(said) - 24)
    bottom = _TOP + _ROW * len(judged)
    parts = [text(12, 20, "score, points of a hundred, with 95 % interval", kind="soft")]
    for mark in marks:
        x = scale.at(mark / 100)
        parts += [
            line(x, _TOP, x, bottom, 'class="grid"'),
            text(x, bottom + 18, f"{mark:g}", anchor="middle", kind="soft"),
        ]
    if comparison.baseline is not None:
        x = scale.at(judged[0][2].value)
        parts.append(line(x, _TOP, x, bottom, 'class="guide"'))
    for row, (index, _, score) in enumerate(judged):
        y, ink = _TOP + _ROW * (row + 0.5), colour(index)
        parts.append(text(12, y + 4, names[row]))
        if score.low is not None and score.high is not None:
            parts.append(_whisker(scale.at(score.low), scale.at(score.high), y, ink))
        parts.append(f'<circle cx="{number(scale.at(score.value))}" cy="{number(y)}" r="5" fill="{ink}"/>')
        parts.append(text(WIDTH - 12, y + 4, said[row], anchor="end"))
    about = "; ".join(f"{team} {figure}" for (_, team, _), figure in zip(judged, said, strict=True))
    return framed(name, "Scores of the teams with their 95 % intervals", about, bottom + _AXIS, parts)


def _whisker(low: float, high: float, y: float, ink: str) -> str:
    style = f'stroke="{ink}" stroke-width="2"'
    ends = "".join(line(x, y - 5, x, y + 5, style) for x in (low, high))
    return line(low, y, high, y, style) + ends
