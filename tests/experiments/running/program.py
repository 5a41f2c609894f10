"""``python -m tests.experiments.running.program run FILE``: the commands, before they are mounted anywhere."""

from __future__ import annotations

import typer

from shoal.experiments.running.command import resume, run

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(run)
app.command()(resume)

if __name__ == "__main__":
    app()
