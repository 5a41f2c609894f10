"""Options that the commands of experiments share."""

from __future__ import annotations

from typing import Annotated

import typer

from shoal.experiments.file.telling import FLAG

Overrides = Annotated[
    list[str],
    typer.Option(
        FLAG,
        metavar="FIELD=VALUE",
        help="Override a field, as budget.usd=0.5; repeat it for several.",
        show_default=False,
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        help="Ray cluster to join, or 'local' for one process; else as the file says.", show_default=False
    ),
]
