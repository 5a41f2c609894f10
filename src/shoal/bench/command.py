"""``shoal bench``: measures shoal beside plain Ray, shows the tables, keeps the report.

:func:`bench` is the command; whoever owns the command line mounts it with ``app.command()(bench)``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from shoal.bench.catalogue import GROUPS, rows_named
from shoal.bench.contender import STEP_LIMIT_S, Instruments
from shoal.bench.contestants import KEYS, contestants_named
from shoal.bench.errors import BenchError, CannotMeasure
from shoal.bench.machine import Machine
from shoal.bench.processes import ProcessMeter
from shoal.bench.results import Report, RowResult, Settings
from shoal.bench.rows import Row
from shoal.bench.runner import Runner
from shoal.bench.sides import Contestant, Stage
from shoal.bench.table import render, render_catalogue
from shoal.runtime.errors import ShoalError

WIDTH = 110
"""Columns of the tables where the output is no terminal."""

RESULTS = Path("bench-results")
"""Where reports go unless told otherwise."""


def bench(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ROW|GROUP]...",
            help=f"Rows, or groups of them: {', '.join(GROUPS)}.",
            show_default=False,
        ),
    ] = None,
    rows: Annotated[
        str, typer.Option(help="Rows to run, with commas between; all unless given. See --list.")
    ] = "",
    sides: Annotated[
        str, typer.Option(help=f"Sides to run, with commas between; all unless given: {', '.join(KEYS)}.")
    ] = "",
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="Rounds of each row.")] = 5,
    seconds: Annotated[
        float, typer.Option(min=0.01, max=600, help="About how long one run of one side lasts.")
    ] = 1.0,
    json: Annotated[
        Path | None, typer.Option(help=f"Where the report goes; {RESULTS}/<time>.json unless given.")
    ] = None,
    list_rows: Annotated[
        bool, typer.Option("--list", help="Show the rows and their bars, run nothing.")
    ] = False,
) -> None:
    """Measure shoal beside plain Ray actors that do the same work, side by side in one run."""
    out, err = Console(), Console(stderr=True)
    if not out.is_terminal:
        out.width = WIDTH  # rich takes 80 for a file, which cuts the figures
    try:
        chosen = rows_named([*(what or ()), *_names(rows)])
        if list_rows:
            out.print(render_catalogue(chosen))
            return
        contestants = contestants_taking_part(chosen, contestants_named(_names(sides)))
        settings = Settings(rounds=rounds, seconds=seconds)
        with _progress(err) as notify:
            report = asyncio.run(measure(chosen, contestants, settings, notify))
        out.print(render(report))
        path = json or RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
        report.write(path)
    except ShoalError as error:
        err.print(f"[red]shoal bench:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(2 if isinstance(error, BenchError) else 1) from error
    except OSError as error:
        err.print(
            f"[red]shoal bench:[/red] the report cannot be written: {escape(str(error))}",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(1) from error
    out.print(f"report: {path}", highlight=False, soft_wrap=True, markup=False)
    if any(side.error for row in report.rows for side in row.sides.values()):
        raise typer.Exit(1)


def contestants_taking_part(rows: Sequence[Row], contestants: Sequence[Contestant]) -> tuple[Contestant, ...]:
    """Those that have a side in one of ``rows``; raises :class:`CannotMeasure` when nobody has."""
    partakers = tuple(one for one in contestants if any(row.name in one.sides for row in rows))
    if not partakers:
        names = ", ".join(row.name for row in rows)
        raise CannotMeasure(
            f"none of the sides {', '.join(one.key for one in contestants)} has one for {names}"
        )
    return partakers


async def measure(
    rows: Sequence[Row],
    contestants: Sequence[Contestant],
    settings: Settings,
    notify: Callable[[str], None] = lambda _: None,
) -> Report:
    """Run ``rows`` and report; starts a Ray on this machine when a contestant needs one, and stops it after.

    Raises :class:`shoal.runtime.errors.StartError` when Ray cannot be started; what goes wrong in a side is
    in the report.
    """
    machine = Machine.here()
    started_at, begun = datetime.now(UTC), time.monotonic()
    meter = ProcessMeter()
    instruments = Instruments(meter, limit_s=max(STEP_LIMIT_S, 10 * settings.seconds))
    results: list[RowResult] = []
    with _stage(any(one.needs_ray for one in contestants), notify) as stage:
        runner = Runner(replace(stage, observe=meter.observe), settings, instruments, notify=notify)
        for row in rows:
            results.append(await runner.run(row, contestants))
    return Report(
        started_at=started_at.isoformat(timespec="seconds"),
        took_s=time.monotonic() - begun,
        machine=machine,
        settings=settings,
        rows=tuple(results),
    )


@contextmanager
def _stage(needs_ray: bool, notify: Callable[[str], None]) -> Iterator[Stage]:
    """The stage, with a Ray of its own if anybody needs one; left as it was found."""
    if not needs_ray:
        yield Stage()
        return
    from shoal.bench.plain_ray.session import ray_stage  # noqa: PLC0415 - only where Ray is needed

    notify("starting Ray")
    with ray_stage() as stage:
        yield stage


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[str], None]]:
    """Shows what is being done, on a terminal only."""
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("starting") as status:
        yield status.update


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]
