"""A histogram of figures, with the median and the 95th percentile marked. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from shoal.experiments.comparing.quantile import quantile
from shoal.experiments.report.scale import Format, log_scale_of, scale_of
from shoal.experiments.report.svg_drawing import Scale
from shoal.experiments.report.svg_frame import bottom_axis, left_axis
from shoal.experiments.report.svg_mark import mark, picture, text, title

WIDTH, HEIGHT = 560.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 48.0, 16.0, 34.0, 44.0
_BINS = 28


class Writing(NamedTuple):
    """How figures are written."""

    exact: Format
    tick: Format
    """At an axis."""


def histogram(values: Sequence[float], name: str, unit: str, writing: Writing) -> Markup:
    """Of these figures, at least one. ``unit``: what the axis counts."""
    said = writing.exact
    across = log_scale_of(values, _LEFT, WIDTH - _RIGHT)
    bins = _bins(values, across)
    floor = HEIGHT - _BOTTOM
    up = scale_of([0.0, float(max(bins))], floor, _TOP)
    parts = [
        *left_axis(up, _LEFT, WIDTH - _RIGHT, lambda value: f"{value:,.0f}" if value == int(value) else ""),
        *bottom_axis(across, floor, _TOP, writing.tick, unit),
        *_bars(bins, across, up, said),
    ]
    marks = [(share, found) for share in (0.5, 0.95) if (found := quantile(values, share)) is not None]
    parts += _marks(marks, across, said)
    figures = ", ".join(f"p{100 * share:.0f} {said(found)}" for share, found in marks)
    about = f"{len(values):,} values from {said(min(values))} to {said(max(values))}: {figures}"
    return picture(name, about, WIDTH, HEIGHT, parts)


def _bins(values: Sequence[float], across: Scale) -> list[int]:
    bins = [0] * _BINS
    width = across.end - across.start
    for value in values:
        share = (across.at(value) - across.start) / width
        bins[min(_BINS - 1, int(share * _BINS))] += 1
    return bins


def _bars(bins: Sequence[int], across: Scale, up: Scale, said: Format) -> Iterator[str]:
    step = (across.end - across.start) / len(bins)
    for number, count in enumerate(bins):
        if count:
            y = up.at(count)
            about = f"{count:,} between {said(_edge(across, number))} and {said(_edge(across, number + 1))}"
            yield mark(
                "rect", title(about), x=across.start + number * step + 0.5, y=y, width=step - 1,
                height=up.start - y, rx=1.5, class_="bar",
            )  # fmt: skip


def _edge(across: Scale, number: int) -> float:
    share = number / _BINS
    if across.log:
        return math.exp(math.log(across.low) + share * (math.log(across.high) - math.log(across.low)))
    return across.low + share * (across.high - across.low)


def _marks(marks: Sequence[tuple[float, float]], across: Scale, said: Format) -> Iterator[str]:
    for number, (share, value) in enumerate(marks):
        x = across.at(value)
        label = f"p{100 * share:.0f} {said(value)}"
        anchor = "end" if x > across.end - 90 else "start"
        yield mark("line", x1=x, x2=x, y1=_TOP - 6, y2=HEIGHT - _BOTTOM, class_="quantile")
        y = _TOP - 10 - 12 * (number % 2 == 0)
        yield text(label, x + (4 if anchor == "start" else -4), y + 6, class_="label", text_anchor=anchor)
