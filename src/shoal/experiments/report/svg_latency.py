"""How long tasks took: for each team the share of tasks that had ended after so many seconds. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shoal.experiments.comparing.columns import seconds
from shoal.experiments.comparing.quantile import quantile
from shoal.experiments.report.svg_drawing import (
    WIDTH,
    Scale,
    colour,
    dash,
    framed,
    line,
    log_ticks,
    number,
    shortened,
    text,
    ticks,
)

_LEFT, _RIGHT, _TOP, _HEIGHT = 56, 20, 34, 220
_STEPS = 200
"""Points of a curve at most: what 10,000 tasks look like is not seen finer."""
_LOG_FROM = 20.0
"""Where the slowest task took so many times the quickest one's time, seconds are drawn as powers."""
_LEGEND = 20


def latency_curves(latencies: Mapping[str, Sequence[float]], name: str = "latency") -> str:
    """The plot; ``latencies``: seconds of each team's tasks. Empty where no task has any."""
    ordered = {team: sorted(max(each, 1e-6) for each in took) for team, took in latencies.items() if took}
    if not ordered:
        return ""
    low, high = min(took[0] for took in ordered.values()), max(took[-1] for took in ordered.values())
    log = high / low > _LOG_FROM
    marks = log_ticks(low, high) if log else ticks(0.0, high)
    along = Scale(marks[0], marks[-1], _LEFT, WIDTH - _RIGHT, log)
    up = Scale(0.0, 1.0, _TOP + _HEIGHT, _TOP)
    parts = [text(12, 20, "share of tasks that had ended, by seconds since they were submitted", kind="soft")]
    parts += _axes(marks, along, up)
    legend = _TOP + _HEIGHT + 44
    for index, (team, took) in enumerate(ordered.items()):
        style = f'fill="none" stroke="{colour(index)}" stroke-width="2" stroke-dasharray="{dash(index)}"'
        parts.append(f'<path d="{_curve(took, along, up)}" {style}/>')
        y = legend + _LEGEND * index
        parts += [line(_LEFT, y - 4, _LEFT + 30, y - 4, style), text(_LEFT + 40, y, _told(team, took))]
    about = "; ".join(_told(team, took) for team, took in ordered.items())
    height = legend + _LEGEND * (len(ordered) - 1) + 14
    return framed(name, "How long tasks took", about, height, parts)


def _axes(marks: Sequence[float], along: Scale, up: Scale) -> list[str]:
    parts = []
    room = -100.0
    for mark in marks:
        x = along.at(mark)
        parts.append(line(x, up.end, x, up.start, 'class="grid"'))
        if x - room >= 44:  # labels that would touch are left out
            parts.append(
                text(x, up.start + 18, "0" if mark == 0 else seconds(mark), anchor="middle", kind="soft")
            )
            room = x
    for share in (0.0, 0.5, 0.95):
        y = up.at(share)
        parts.append(line(along.start, y, along.end, y, 'class="grid"'))
        parts.append(text(along.start - 8, y + 4, f"{100 * share:.0f} %", anchor="end", kind="soft"))
    return parts


def _curve(took: Sequence[float], along: Scale, up: Scale) -> str:
    """A staircase: at each time, up to the share that had ended then."""
    count = len(took)
    picked = (
        range(count)
        if count <= _STEPS
        else sorted({round(step * (count - 1) / _STEPS) for step in range(_STEPS + 1)})
    )
    drawn = [f"M{number(along.at(took[0]))} {number(up.at(0.0))}"]
    for index in picked:
        drawn.append(f"H{number(along.at(took[index]))}V{number(up.at((index + 1) / count))}")
    return "".join(drawn)


def _told(team: str, took: Sequence[float]) -> str:
    return f"{shortened(team)}: p50 {seconds(quantile(took, 0.5))}, p95 {seconds(quantile(took, 0.95))}"
