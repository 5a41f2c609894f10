"""``shoal topology show``: a team's wiring, checked and drawn, without anything being started."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from shoal.runtime.terminal.output import one_line_errors
from shoal.topologies.showing.drawing import as_dot, as_mermaid, as_tree
from shoal.topologies.showing.finding import find_topology

topology = typer.Typer(help="Look at topologies.", no_args_is_help=True)


class Drawing(StrEnum):
    """How it is shown."""

    TREE = "tree"
    MERMAID = "mermaid"
    DOT = "dot"
    JSON = "json"


@topology.command()
def show(
    where: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:NAME",
            help="A topology, or a function that makes one: package.module:name or file.py:name.",
            show_default=False,
        ),
    ],
    drawing: Annotated[Drawing, typer.Option("--as", help="How.")] = Drawing.TREE,
    name: Annotated[str, typer.Option(help="The team's name, with which all addresses begin.")] = "team",
) -> None:
    """Check a topology's wiring and show it: who is asked, by whom, with which types. Nothing is started."""
    with one_line_errors("topology"):
        found = find_topology(where)
        found.check(name)
        graph = found.describe(name)
    match drawing:
        case Drawing.TREE:
            Console().print(as_tree(graph))
        case Drawing.MERMAID:
            typer.echo(as_mermaid(graph))
        case Drawing.DOT:
            typer.echo(as_dot(graph))
        case Drawing.JSON:
            typer.echo(json.dumps(graph, indent=2, ensure_ascii=False))


@topology.callback()
def _group() -> None:
    """Look at topologies."""
