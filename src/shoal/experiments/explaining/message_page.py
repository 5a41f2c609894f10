"""The messages of a task in the order in which they were handled, as a table on a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shoal.experiments.explaining.figures import many, offset_text, span_text
from shoal.experiments.explaining.node import Kind, Node
from shoal.experiments.explaining.trace import Trace
from shoal.runtime.terminal.data import type_name
from shoal.runtime.terminal.text import printable

_KINDS = (Kind.MESSAGE, Kind.DEAD_LETTER)
_ID_CHARS = 10


def message_page(trace: Trace, *, most: int | None = None) -> RenderableType:
    """Who sent what to whom, and how it ended. ``most``: the first so many."""
    found = [node for _, node in trace.root.walk() if node.kind in _KINDS]
    found.sort(key=lambda node: node.at if node.at is not None else float("inf"))
    began = trace.began_at
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", expand=True)
    table.add_column("start", justify="right", no_wrap=True, style="dim")
    table.add_column("from → to", ratio=1, overflow="fold")
    table.add_column("message", overflow="fold")
    table.add_column("bytes", justify="right", no_wrap=True, style="dim")
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("id", no_wrap=True, style="dim")
    table.add_column("because of", no_wrap=True, style="dim")
    for node in found[:most]:
        table.add_row(*_row(node, began))
    parts: list[RenderableType] = [table]
    if most is not None and len(found) > most:
        parts.append(Text(f"… {len(found) - most:,} more: --full shows all", "dim"))
    parts.append(Text(many(len(found), "message"), "bold"))
    parts += [Text(f"! {said}", "yellow") for said in trace.missing]
    return Group(*parts)


def _row(node: Node, began: float) -> list[Text | str]:
    how = Text(printable(node.outcome), "red") if node.failed else Text("ask" if node.ask else "tell", "dim")
    return [
        offset_text((node.at or began) - began),
        Text(f"{printable(node.sender)} → {printable(node.agent)}"),
        Text(printable(type_name(node.name) or node.name).removeprefix("shoal.")),
        f"{node.size:,}",
        span_text(node.took_s) if node.kind is Kind.MESSAGE else "",
        how,
        Text(printable(node.message_id[-_ID_CHARS:])),
        Text(printable(node.cause[-_ID_CHARS:])),
    ]
