"""The result as tables for the terminal, readable from 100 columns on.

A panel for each group of rows: shoal between processes beside plain Ray, what death and durability cost, the
blackboard beside plain stores, model calls, teams; and below them what one process does beside the floors.
Each cell leads with the row's figure and its noise over the rounds, and says below it what an operation
costs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shoal.bench.catalogue import (
    ABOUT_BOARDS,
    ABOUT_DEATH,
    ABOUT_MODELS,
    ABOUT_RECORDING,
    ABOUT_TOPOLOGIES,
    GROUPS,
)
from shoal.bench.quantities import in_three_digits, quantity, seconds, size
from shoal.bench.results import BarResult, Report, RowResult, SideResult
from shoal.bench.rows import Figure, Row

MAIN = (("shoal", "shoal"), ("plain", "plain Ray"), ("batched", "by hand × 64"))
"""Contestants of the first panel with their headings; the ratio's column stands behind them."""

DEATH = (
    ("shoal", "shoal"),
    ("plain", "plain Ray"),
    ("cold", "without spares"),
)
"""Contestants of the panel about death and durability."""

RECORDING = (("shoal", "journal of tasks"), ("journaled", "of messages, too"), ("local", "being read"))
"""Contestants of the panel about the journal of messages."""

BOARDS = (
    ("shoal", "shoal"),
    ("volatile", "in memory"),
    ("local", "one process"),
    ("sqlite", "plain SQLite"),
    ("redis", "Redis"),
)
"""Contestants of the panel about the blackboard."""

MODELS = (
    ("shoal", "shoal"),
    ("local", "one process"),
    ("hand", "by hand"),
    ("alone", "no limiter"),
)
"""Contestants of the panel about model calls. A bar with a + is about what is added to ``by hand``."""

TEAMS = (("shoal", "shoal"), ("plain", "plain Ray"), ("local", "one process"))
"""Contestants of the panel about teams."""

BESIDE = (("local", "shoal, one process"), ("queue", "asyncio.Queue"), ("pipe", "pipe, two processes"))
"""Contestants of the last panel."""

_SHORT = {"shoal": "shoal", "plain": "plain", "batched": "by hand", "local": "local"}
_NOTHING = Text("–", style="dim")


def render(report: Report) -> RenderableType:
    """All of a report: the panels that have anything in them, then what to know when reading them."""
    parts: list[RenderableType] = []
    messaging = [row for row in report.rows if row.name in GROUPS["messaging"]]
    about_death = [row for row in report.rows if row.name in ABOUT_DEATH]
    about_recording = [row for row in report.rows if row.name in ABOUT_RECORDING]
    about_boards = [row for row in report.rows if row.name in ABOUT_BOARDS]
    about_models = [row for row in report.rows if row.name in ABOUT_MODELS]
    about_teams = [row for row in report.rows if row.name in ABOUT_TOPOLOGIES]
    for title, candidates, columns, ratio in (
        ("shoal beside plain Ray", messaging, MAIN, True),
        ("death and durability", about_death, DEATH, False),
        ("recording", about_recording, RECORDING, False),
        ("blackboard", about_boards, BOARDS, False),
        ("model calls", about_models, MODELS, False),
        ("topologies", about_teams, TEAMS, True),
        ("one process, and the floors", [*messaging, *about_death], BESIDE, False),
    ):
        rows = [row for row in candidates if any(key in row.sides for key, _ in columns)]
        if rows:
            parts.append(_panel(title, rows, columns, ratio=ratio))
    parts.append(Text("\n".join(notes(report)), style="dim"))
    return Group(*parts)


def render_catalogue(rows: Sequence[Row]) -> RenderableType:
    """The rows that can be run."""
    table = Table(title="rows of the benchmark", title_justify="left", show_lines=True, box=box.HORIZONTALS)
    table.add_column("row", style="bold", no_wrap=True)
    table.add_column("what is done")
    table.add_column("bar to reach", no_wrap=True)
    for row in rows:
        bars = [f"{bar.who} {bar_text(BarResult.of(bar, {}), row.op)}" for bar in row.bars]
        table.add_row(row.name, row.what, "\n".join(bars) or "–")
    return table


def bar_text(bar: BarResult, op: str) -> str:
    """A bar in a few words: "≥ 60 × plain", "≥ 200,000 msg/s", "p50 ≤ 60 µs"."""
    sign = "≥" if bar.figure.higher_is_better else "≤"
    if bar.times is not None:
        return f"{sign} {bar.value:g} × {_SHORT.get(bar.times, bar.times)}"
    limit = re.sub(r"(\.\d*[1-9])0+\b|\.0+\b", r"\1", quantity(bar.value, bar.figure, op))
    if bar.figure in (Figure.P50, Figure.P99):
        name, _, rest = limit.partition(" ")
        return f"{name} {sign} {'+' if bar.above is not None else ''}{rest}"
    return f"{sign} {limit}"


def notes(report: Report) -> list[str]:
    """What has to be known to read the tables, errors first."""
    lines = [
        f"{row.name}, {side.title}: {side.error}"
        for row in report.rows
        for side in row.sides.values()
        if side.error is not None
    ]
    lines += _left_out(report) + _remarks(report)
    lost = sum(
        sample.processes_lost for row in report.rows for s in row.sides.values() for sample in s.samples
    )
    if lost:
        lines.append(f"{lost} processes ended during runs: their last CPU time is not counted.")
    idle = [row.idle_cores for row in report.rows if row.idle_cores is not None]
    machine, settings = report.machine, report.settings
    versions = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    lines += [
        f"Medians of {settings.rounds} rounds of about {settings.seconds:g} s, sides in turn; ± is half the "
        "span from the lowest to the highest round. Ratios are taken round by round.",
        "CPU is user and system time of all processes for one operation"
        + (f"; idle ones used up to {max(idle):.2f} of a core, which is in it." if idle else "."),
        f"{machine.cores} cores, {size(machine.memory_b)}, load before {machine.load_1m:g}; "
        f"{machine.python}, {versions}; took {seconds(report.took_s)}.",
    ]
    return lines


def _left_out(report: Report) -> list[str]:
    """Who could not take part and why, each reason once."""
    rows: dict[tuple[str, str], list[str]] = {}
    for row in report.rows:
        for key, reason in row.absent.items():
            rows.setdefault((key, reason), []).append(row.name)
    return [f"{key} is left out of {', '.join(names)}: {reason}" for (key, reason), names in rows.items()]


def _remarks(report: Report) -> list[str]:
    """What sides say of themselves, each once."""
    said = {
        (side.title, side.remark): None for row in report.rows for side in row.sides.values() if side.remark
    }
    return [f"{title}: {remark}" for title, remark in said]


def _panel(
    title: str, rows: Sequence[RowResult], columns: Sequence[tuple[str, str]], *, ratio: bool
) -> Table:
    keys = [key for key, _ in columns]
    table = Table(
        title=title,
        title_justify="left",
        show_lines=True,
        box=box.HORIZONTALS,
        collapse_padding=True,
        pad_edge=False,
    )
    headings = ["row", *(heading for _, heading in columns), *(["shoal ÷ plain"] if ratio else [])]
    for heading in [*headings, "bar", "met"]:
        table.add_column(heading, no_wrap=True)
    for row in rows:
        bars = [bar for bar in row.bars if bar.who in keys]
        cells = [_cell(row, row.sides.get(key)) for key in keys]
        if ratio:
            cells.append(_ratio_cell(row))
        name = Text.assemble((row.name, "bold"), "\n", (_lead_unit(row), "dim"), (_messages(row), "dim"))
        several = len({bar.who for bar in bars}) > 1
        bar_lines = "\n".join(f"{bar.who} " * several + bar_text(bar, row.op) for bar in bars) or "–"
        table.add_row(name, *cells, bar_lines, Text("\n").join(map(_verdict, bars)) or _NOTHING)
    return table


def _lead_unit(row: RowResult) -> str:
    """What the first line of the row's cells is."""
    return f"{row.op}/s" if row.figure is Figure.RATE else str(row.figure).removesuffix("_s")


def _messages(row: RowResult) -> str:
    return f"\n{row.messages:g} messages" if row.messages else ""


def _lead(value: float, figure: Figure) -> str:
    match figure:
        case Figure.RATE:
            return in_three_digits(value)
        case Figure.GROWTH:
            return quantity(value, figure, "")
        case _:
            return seconds(value)


def _cell(row: RowResult, side: SideResult | None) -> Text:
    """The row's figure with its noise, then the figures that stand beside it."""
    if side is None:
        return _NOTHING
    if row.figure not in side.spreads:
        return Text("failed", style="red")
    shown = side.spreads[row.figure]
    lines = [f"{_lead(shown.median, row.figure)} ±{shown.noise:.0%}"]
    if any(bar.figure is Figure.WALL for bar in row.bars):
        lines.append(f"{side.samples[0].count:,} in {seconds(side.spreads[Figure.WALL].median)}")
    for figure in (Figure.P50, Figure.P99, Figure.MEMORY, Figure.CPU):
        if figure in side.spreads and figure is not row.figure:
            lines.append(quantity(side.spreads[figure].median, figure, row.op))
    if row.messages and Figure.CPU in side.spreads:
        lines.append(f"{seconds(side.spreads[Figure.CPU].median / row.messages)}/msg")
    return Text("\n".join(lines), style="yellow" if side.error else "")


def _ratio_cell(row: RowResult) -> Text:
    ratio = row.ratio("shoal", "plain")
    if ratio is None:
        return _NOTHING
    low, high = in_three_digits(ratio.low), in_three_digits(ratio.high)
    return Text(f"{in_three_digits(ratio.median)} ×\n({low}–{high})")


def _verdict(bar: BarResult) -> Text:
    if bar.met is None or bar.measured is None:
        return _NOTHING
    times = f" {in_three_digits(bar.measured.median)} ×" if bar.times is not None else ""
    if bar.above is not None:
        times = f" +{seconds(bar.measured.median)}"
    return Text(f"yes{times}", style="green") if bar.met else Text(f"no{times}", style="red")
