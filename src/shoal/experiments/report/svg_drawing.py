"""What all plots are drawn with: a frame with title and description, a scale, colours of a page. Pure: SVG as text.

Colours are CSS variables, so that a page is light or dark as its reader wants; :data:`PLOT_STYLE` belongs once into the
page, and :func:`standalone` puts it into a plot that is a file of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH = 720
"""Of every plot, in its own units; a page may show it in any size."""
LETTER = 7.2
"""How wide a letter of the plots' text is at most, on average."""
SERIES = 8
"""Colours that are told apart; what comes beyond begins again, with a dash of its own."""

PLOT_STYLE = """
.plot { --plot-ink: #1f2328; --plot-soft: #59636e; --plot-line: #d1d9e0; --plot-back: #ffffff;
  --plot-1: #0b62b8; --plot-2: #b54708; --plot-3: #0f766e; --plot-4: #9d174d;
  --plot-5: #6b4fbb; --plot-6: #7a6200; --plot-7: #15803d; --plot-8: #57534e;
  background: var(--plot-back); font: 13px system-ui, sans-serif; max-width: 100%; height: auto; }
@media (prefers-color-scheme: dark) { .plot { --plot-ink: #e6edf3; --plot-soft: #9ba6b1; --plot-line: #3d444d;
  --plot-back: #0d1117; --plot-1: #6cb6ff; --plot-2: #f0a35e; --plot-3: #5fd3c4; --plot-4: #f48fb8;
  --plot-5: #b9a6ff; --plot-6: #e3c94f; --plot-7: #6fdd8b; --plot-8: #c9c1b8; } }
.plot text { fill: var(--plot-ink); } .plot .soft { fill: var(--plot-soft); }
.plot .grid { stroke: var(--plot-line); stroke-width: 1; }
.plot .guide { stroke: var(--plot-soft); stroke-dasharray: 3 4; }
"""


class Scale(NamedTuple):
    """From values to places."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Where the value is; one outside is at the end that it is beyond."""
        low, high, here = (self._even(each) for each in (self.low, self.high, value))
        share = (here - low) / (high - low) if high > low else 0.5
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def _even(self, value: float) -> float:
        return math.log10(max(value, 1e-12)) if self.log else value


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values from at or below ``low`` to at or above ``high``, some ``about`` of them, each a step apart."""
    span = high - low
    if span <= 0:
        low, high, span = low - 0.5, high + 0.5, 1.0
    raw = span / about
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * each for each in (1, 2, 2.5, 5, 10) if unit * each >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(each * step, 12) for each in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5 and their tens that hold ``low`` to ``high``, both above 0."""
    marks = [
        base * 10.0**power
        for power in range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
        for base in (1, 2, 5)
    ]
    first = max((mark for mark in marks if mark <= low * 1.000001), default=marks[0])
    last = min((mark for mark in marks if mark >= high * 0.999999), default=marks[-1])
    return [mark for mark in marks if first <= mark <= last]


def colour(index: int) -> str:
    """Of the series with this index, from 0."""
    return f"var(--plot-{index % SERIES + 1})"


def dash(index: int) -> str:
    """A line's dashes, so that series are told apart without colours, too."""
    return ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 2", "1 4", "6 2 1 2")[index % SERIES]


def number(value: float) -> str:
    """A coordinate, short."""
    return f"{value:.1f}".removesuffix(".0")


def text(x: float, y: float, said: str, *, anchor: str = "start", kind: str = "") -> str:
    """A line of text; ``y`` is where it stands."""
    name = f' class="{kind}"' if kind else ""
    return f'<text x="{number(x)}" y="{number(y)}" text-anchor="{anchor}"{name}>{escape(said)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    """A straight line; ``style``: attributes."""
    return f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}" {style}/>'


def width_of(texts: Sequence[str]) -> float:
    """What the longest of them takes."""
    return max((len(each) for each in texts), default=0) * LETTER


def shortened(said: str, letters: int = 28) -> str:
    """A name that leaves room for the plot."""
    return said if len(said) <= letters else f"{said[: letters - 1]}…"


def framed(name: str, title: str, about: str, height: float, parts: Sequence[str]) -> str:
    """The whole plot. ``name``: letters and digits, one of its kind on a page; ``about`` says in words what is seen."""
    ids = f"{name}-title", f"{name}-about"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" viewBox="0 0 {WIDTH} {number(height)}" '
        f'width="{WIDTH}" height="{number(height)}" aria-labelledby="{" ".join(ids)}">'
        f'<title id="{ids[0]}">{escape(title)}</title><desc id="{ids[1]}">{escape(about)}</desc>'
    )
    return head + "".join(parts) + "</svg>"


def standalone(svg: str) -> str:
    """A plot that is a file of its own: with its colours in it."""
    head, end, rest = svg.partition(">")
    return f"{head}{end}<style>{PLOT_STYLE}</style>{rest}"
