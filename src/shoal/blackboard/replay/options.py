"""The arguments and options that the commands of ``shoal board`` share."""

from __future__ import annotations

from typing import Annotated

import typer

Key = Annotated[str, typer.Argument(help="The entry's key.", show_default=False)]
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
