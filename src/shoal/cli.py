"""The ``shoal`` command line."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version

import typer

from shoal.actors.approvals.command import approvals
from shoal.actors.llm.cost_command import cost
from shoal.bench.command import bench
from shoal.blackboard.replay.command import board
from shoal.demo.command import demo
from shoal.models.command import model
from shoal.runtime.journal.command import resume, runs, show
from shoal.runtime.metrics_command import metrics
from shoal.topologies.advice.command import advise
from shoal.topologies.showing.command import topology

app = typer.Typer(
    help="shoal: an actor-model runtime for multi-agent systems on Ray.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(demo)
app.command()(bench)
app.command()(runs)
app.command()(show)
app.command()(resume)
app.command()(cost)
app.command()(metrics)
app.command()(advise)
app.add_typer(board, name="board")
app.add_typer(approvals, name="approvals")
app.add_typer(model, name="model")
app.add_typer(topology, name="topology")


@app.command()
def version() -> None:
    """Print the versions of shoal, Ray and Python that are in use."""
    typer.echo(f"shoal {_version('shoal')}, ray {_version('ray')}, python {platform.python_version()}")


def _version(package: str) -> str:
    try:
        return package_version(package)
    except PackageNotFoundError:
        return "(not installed)"
