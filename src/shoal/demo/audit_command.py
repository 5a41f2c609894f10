"""``shoal audit``: audit a source tree with a team of agents, with a progress bar, and write the report."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from shoal.demo.agents import AuditRequest
from shoal.demo.audit import (
    AuditError,
    AuditReport,
    Limits,
    RunFacts,
    discover,
    render_json,
    render_markdown,
    require_radon,
)
from shoal.demo.session import Options, Session
from shoal.demo.summary import summarise
from shoal.runtime.errors import ShoalError


def audit(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH", help="Source tree or file; Python's own standard library unless given."
        ),
    ] = None,
    packages: Annotated[
        str, typer.Option(help="Only these packages of the standard library, with commas between.")
    ] = "",
    include_tests: Annotated[
        bool, typer.Option("--include-tests", help="Also directories named like tests.")
    ] = False,
    reviewers: Annotated[int, typer.Option(min=1, max=64, help="Agents that review.")] = 3,
    checkers: Annotated[int, typer.Option(min=1, max=64, help="Agents that verify each finding.")] = 2,
    complexity: Annotated[int, typer.Option(min=1, help="Report functions from this complexity on.")] = 11,
    address: Annotated[
        str | None,
        typer.Option(help="Ray cluster to join, or 'local' for one process; else Ray on this machine."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Directory of the report.")] = Path("audit-report"),
    run: Annotated[
        str | None, typer.Option(help="Name of the run; else by date and time.", show_default=False)
    ] = None,
    kill_agents: Annotated[
        int, typer.Option(min=0, max=500, help="Kill so many random agents' processes meanwhile.")
    ] = 0,
    kill_supervisor: Annotated[
        bool, typer.Option("--kill-supervisor", help="Kill the system's own supervisor halfway.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(help="Decides whom the kills hit and when.", show_default=False)
    ] = None,
) -> None:
    """Audit a Python source tree with a team of agents; no key, no server. Killed, it is finished by `shoal resume`."""
    out_console, err = Console(), Console(stderr=True)
    request = AuditRequest(
        path=str(path.absolute()) if path is not None else None,
        packages=tuple(name.strip() for name in packages.split(",") if name.strip()) or None,
        include_tests=include_tests,
        limits=Limits(complexity=complexity),
    )
    options = Options(
        request, reviewers, checkers, address, run, kill_agents, kill_supervisor,
        secrets.randbelow(1_000_000) if seed is None else seed,
    )  # fmt: skip
    session = Session(options, out_console)
    try:
        require_radon()
        discover(request.path, packages=request.packages, include_tests=include_tests)  # bad input fails here
        _make_room(out)
        audited = asyncio.run(session.audit(lambda report, facts: _write(report, facts, out)))
    except ShoalError as error:
        err.print(f"[red]shoal audit:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        how = (
            f"what is done is recorded, finish it with: shoal resume {session.run}"
            if session.run
            else "nothing begun"
        )
        err.print(f"[yellow]shoal audit:[/yellow] interrupted; {how}", highlight=False, soft_wrap=True)
        raise typer.Exit(130) from None
    summarise(audited, out, out_console)


def _make_room(out: Path) -> None:
    """See that the report can be written, before any work is done for it."""
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _write(report: AuditReport, facts: RunFacts, out: Path) -> None:
    with _writing(out):
        (out / "report.md").write_text(render_markdown(report, facts), encoding="utf-8")
        (out / "report.json").write_text(render_json(report, facts), encoding="utf-8")


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        why = exc.strerror or str(exc)
        raise AuditError(
            f"the report cannot be written to {out}: {why}; name another directory with --out"
        ) from exc
