"""Options that the commands of experiments share, and such a command again, for whoever goes on."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Annotated

import typer

from shoal.experiments.file.telling import FLAG
from shoal.runtime.redaction import redact_arguments

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


def command_again(
    command: str, what: Iterable[str], overrides: Iterable[str], options: Mapping[str, object]
) -> str:
    """The command as it can be pasted, without secrets. An option of value ``True`` is a flag, ``None`` is left out."""
    words = ["shoal", command, *what]
    for override in overrides:
        words += [FLAG, override]
    for option, value in options.items():
        if value is not None:
            words += [option] if value is True else [option, str(value)]
    return shlex.join(redact_arguments(words))
