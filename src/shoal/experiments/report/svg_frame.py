"""The frame of a plot: axes with marks, lines behind the figures, names. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from shoal.experiments.report.scale import Format, marks_of
from shoal.experiments.report.svg_drawing import Scale
from shoal.experiments.report.svg_mark import mark, text


def bottom_axis(
    scale: Scale, y: float, top: float, said: Format, name: str, most: int = 6, unit: float = 1.0
) -> Iterator[str]:
    """Marks below a plot that reaches from ``top`` to ``y``."""
    for value in marks_of(scale, most, unit):
        x = scale.at(value)
        yield mark("line", x1=x, x2=x, y1=top, y2=y, class_="gridline")
        yield text(said(value), x, y + 16, class_="tick", text_anchor="middle")
    yield mark("line", x1=scale.start, x2=scale.end, y1=y, y2=y, class_="axis")
    if name:
        yield text(name, (scale.start + scale.end) / 2, y + 34, class_="name", text_anchor="middle")


def left_axis(scale: Scale, x: float, right: float, said: Format, name: str = "") -> Iterator[str]:
    """Marks at the left of a plot that reaches from ``x`` to ``right``."""
    for value in marks_of(scale, 5):
        y = scale.at(value)
        yield mark("line", x1=x, x2=right, y1=y, y2=y, class_="gridline")
        yield text(said(value), x - 6, y + 4, class_="tick", text_anchor="end")
    if name:
        yield text(name, x, scale.end - 10, class_="name", text_anchor="start")
