"""Sums over time, as steps. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from shoal.experiments.report.scale import Format, scale_of
from shoal.experiments.report.svg_drawing import Scale, number
from shoal.experiments.report.svg_frame import bottom_axis, left_axis
from shoal.experiments.report.svg_mark import mark, picture, text, text_width, title
from shoal.experiments.report.ticks import time_unit

WIDTH, HEIGHT = 560.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 16.0, 34.0, 44.0
Point = tuple[float, float]


class Curve(NamedTuple):
    """A line of steps: each figure holds until the next one."""

    name: str
    points: Sequence[Point]
    colour: int = 0
    """Which of the page's colours."""


class Axis(NamedTuple):
    """What is on an axis, and how its figures are written. The one across is time, in seconds."""

    name: str
    said: Format


def curves(
    name: str,
    found: Sequence[Curve],
    x_axis: Axis,
    y_axis: Axis,
    *,
    limit: float | None = None,
) -> Markup:
    """These curves, at least one with a point. ``limit``: a line that should not be crossed, as a budget."""
    xs = [x for curve in found for x, _ in curve.points]
    ys = [y for curve in found for _, y in curve.points]
    floor = HEIGHT - _BOTTOM
    across = scale_of(xs, _LEFT, WIDTH - _RIGHT)
    shown = limit is not None and limit <= 3 * max(ys)
    up = scale_of([0.0, *ys, *([limit] if shown and limit is not None else [])], floor, _TOP)
    parts = [
        *left_axis(up, _LEFT, WIDTH - _RIGHT, y_axis.said, y_axis.name),
        *bottom_axis(across, floor, _TOP, x_axis.said, x_axis.name, unit=time_unit(across.high)),
    ]
    for curve in found:
        parts.append(_line(curve, across, up))
    if shown and limit is not None:
        y = up.at(limit)
        parts.append(mark("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, class_="limit"))
        parts.append(text("budget", WIDTH - _RIGHT, y - 4, class_="label", text_anchor="end"))
    if len(found) > 1:
        parts += _legend(found)
    about = "; ".join(
        f"{curve.name}: {y_axis.said(curve.points[-1][1])} at {x_axis.said(curve.points[-1][0])}"
        for curve in found
        if curve.points
    )
    return picture(name, about, WIDTH, HEIGHT, parts)


def _line(curve: Curve, across: Scale, up: Scale) -> str:
    path = []
    for count, (x, y) in enumerate(curve.points):
        place = number(across.at(x)), number(up.at(y))
        path.append(f"H{place[0]}V{place[1]}" if count else f"M{place[0]} {place[1]}")
    return mark("path", title(curve.name), d="".join(path), class_=f"curve c{curve.colour}")


def _legend(found: Sequence[Curve]) -> Iterator[str]:
    x = WIDTH - _RIGHT
    for curve in reversed(found):
        x -= text_width(curve.name, 12) + 22
        yield mark("rect", x=x, y=8, width=10, height=10, rx=2, class_=f"swatch c{curve.colour}")
        yield text(curve.name, x + 14, 17, class_="label")
