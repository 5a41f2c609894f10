"""Reports with made-up figures, for the tests of what is done with them."""

from __future__ import annotations

from collections.abc import Mapping

from shoal.bench.catalogue import ROWS
from shoal.bench.machine import Machine
from shoal.bench.results import BarResult, Report, RowResult, Sample, Settings, SideResult
from shoal.bench.rows import Figure

MACHINE = Machine(
    system="Linux 6.1 x86_64",
    processor=None,
    cores=2,
    memory_b=24 * 2**30,
    load_1m=0.25,
    python="CPython 3.11.7",
    packages={"ray": "2.60.0"},
    commit=None,
)


def side(
    title: str,
    rate: float,
    *,
    count: int = 1000,
    p50_s: float | None = None,
    memory_each_b: int | None = None,
    growth: float | None = None,
    cpu_s: float = 20e-6,
    error: str | None = None,
    remark: str = "",
) -> SideResult:
    """Three rounds: 10 % below ``rate``, at it, and 10 % above."""
    samples = [
        Sample(
            round=number,
            turn=0,
            count=count,
            wall_s=count / (rate * (0.9 + 0.1 * number)),
            cpu_total_s=cpu_s * count,
            memory_total_b=None if memory_each_b is None else memory_each_b * count,
            p50_s=p50_s,
            p99_s=None if p50_s is None else 3 * p50_s,
            growth=growth,
        )
        for number in range(3)
    ]
    return SideResult.of(title, samples, error, remark)


def row_result(
    name: str,
    sides: Mapping[str, SideResult],
    figure: Figure | None = None,
    absent: Mapping[str, str] | None = None,
) -> RowResult:
    """The catalogue's row of this name with these sides, its bars judged."""
    row = next(row for row in ROWS if row.name == name)
    return RowResult(
        name=name,
        what=row.what,
        op=row.op,
        figure=figure or row.figure,
        sides=dict(sides),
        absent=dict(absent or {}),
        bars=tuple(BarResult.of(bar, sides) for bar in row.bars),
        messages=row.messages,
        idle_cores=0.1,
    )


def report(*rows: RowResult) -> Report:
    """A report of these rows."""
    return Report(
        started_at="2026-01-02T03:04:05+00:00",
        took_s=61.0,
        machine=MACHINE,
        settings=Settings(rounds=3, seconds=1.0),
        rows=rows,
    )
