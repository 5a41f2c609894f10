"""The ``shoal`` command line."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version

import typer

from shoal.actors.approvals.command import approvals
from shoal.actors.llm.cost_command import cost
from shoal.bench.command import bench
from shoal.blackboard.replay.command import board
from shoal.demo.audit_command import audit
from shoal.demo.command import demo
from shoal.experiments.comparing.command import compare
from shoal.experiments.explaining.failures_command import failures
from shoal.experiments.explaining.trace_command import trace
from shoal.experiments.explaining.why_command import why
from shoal.experiments.file.command import check, schema
from shoal.experiments.replaying.command import replay
from shoal.experiments.report.command import report
from shoal.experiments.running.command import resume, run
from shoal.experiments.starting.command import init
from shoal.models.command import model
from shoal.runtime.journal.command import runs, show
from shoal.runtime.metrics_command import metrics
from shoal.topologies.advice.command import advise
from shoal.topologies.showing.command import topology

_EXPERIMENTS, _RUNS, _BESIDE = "Experiments", "Look at a run", "Beside them"

app = typer.Typer(
    help="shoal: an actor-model runtime for multi-agent systems on Ray.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
command: Callable[..., None]
for command in (demo, init, check, run, resume, compare, report, schema):
    app.command(rich_help_panel=_EXPERIMENTS)(command)
for command in (runs, show, trace, why, failures, cost, replay):
    app.command(rich_help_panel=_RUNS)(command)
app.add_typer(board, name="board", rich_help_panel=_RUNS)
app.add_typer(approvals, name="approvals", rich_help_panel=_RUNS)
for command in (audit, advise, bench, metrics):
    app.command(rich_help_panel=_BESIDE)(command)
app.add_typer(topology, name="topology", rich_help_panel=_BESIDE)
app.add_typer(model, name="model", rich_help_panel=_BESIDE)


@app.command(rich_help_panel=_BESIDE)
def version() -> None:
    """Print the versions of shoal, Ray and Python that are in use."""
    typer.echo(f"shoal {_version('shoal')}, ray {_version('ray')}, python {platform.python_version()}")


def _version(package: str) -> str:
    try:
        return package_version(package)
    except PackageNotFoundError:
        return "(not installed)"
