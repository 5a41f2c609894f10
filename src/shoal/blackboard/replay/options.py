"""The arguments and options that the commands of ``shoal board`` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[
    str,
    typer.Argument(
        help="Its name (`shoal runs` lists them), or the path of a run directory.", show_default=False
    ),
]
Key = Annotated[str, typer.Argument(help="The entry's key.", show_default=False)]
Root = Annotated[
    Path | None,
    typer.Option(help="Where the runs are; else SHOAL_RUNS, else .shoal/runs here.", show_default=False),
]
Region = Annotated[
    str | None,
    typer.Option(help="Which region; else main, or the only one there is.", show_default=False),
]
StateStore = Annotated[
    str,
    typer.Option(
        envvar="SHOAL_STATE_STORE",
        help="The PostgreSQL that the system was started with (state_store=...).",
        show_default=False,
    ),
]
At = Annotated[
    int | None,
    typer.Option(min=0, help="At this revision; else the newest.", show_default=False),
]
Prefix = Annotated[str, typer.Option(help="Only keys that begin so.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
