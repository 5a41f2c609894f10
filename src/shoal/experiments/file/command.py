"""``shoal check``, ``shoal schema``: an experiment file is looked at, nothing is started.

What describes teams takes about a second to import, so each command does that when it runs: ``--help`` is quick.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoal.experiments.options import Overrides
from shoal.experiments.output import experiment_errors
from shoal.runtime.terminal.output import Output


def check(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="The experiment: .yaml, .json, .py or file.py:name.", show_default=False
        ),
    ],
    overrides: Overrides = [],  # noqa: B006 - Typer's way
) -> None:
    """Check an experiment file: what it names is imported, its workload read, calls and cost estimated. Nothing is
    started.
    """
    from shoal.experiments.file.check_page import check_page  # noqa: PLC0415 - see the module
    from shoal.experiments.file.checking import check_experiment  # noqa: PLC0415
    from shoal.experiments.file.loading import load  # noqa: PLC0415
    from shoal.models.prices import load_prices  # noqa: PLC0415

    with experiment_errors("check"):
        checked = check_experiment(load(file, overrides))
        page = check_page(checked, load_prices())
        Output().page(page)


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it to this file.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON Schema of experiment files, by which editors complete and check them."""
    from shoal.experiments.file.schema import schema_text  # noqa: PLC0415 - see the module

    with experiment_errors("schema"):
        if output is None:
            Output().raw(schema_text().rstrip("\n"))
        else:
            output.write_text(schema_text(), encoding="utf-8")
