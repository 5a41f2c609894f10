"""The arguments and options that commands about a run share."""

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
Root = Annotated[
    Path | None,
    typer.Option(help="Where the runs are; else SHOAL_RUNS, else .shoal/runs here.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
