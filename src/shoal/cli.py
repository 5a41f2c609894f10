"""The ``shoal`` command line."""

from __future__ import annotations

from importlib.metadata import version as package_version

import typer

from shoal.bench.command import bench
from shoal.demo.command import demo

app = typer.Typer(
    help="shoal: an actor-model runtime for multi-agent systems on Ray.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(demo)
app.command()(bench)


@app.command()
def version() -> None:
    """Print the versions of shoal, Ray and Python that are in use."""
    import platform

    typer.echo(
        f"shoal {package_version('shoal')}, ray {package_version('ray')}, python {platform.python_version()}"
    )
