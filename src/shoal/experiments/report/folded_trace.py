"""A trace as a picture shows it: the rows that there is room for, and what the rest comes to. Pure.

Only these rows are kept: a task may have a million messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from shoal.experiments.explaining.figures import many
from shoal.experiments.explaining.node import Kind, Node, Sums
from shoal.experiments.explaining.trace import Trace

ROWS, DEPTH, ALIKE = 60, 12, 5
"""Rows of a trace; levels; neighbours of one kind that are shown before the rest of them is folded."""


class Row(NamedTuple):
    """A line of it."""

    depth: int
    node: Node | None
    """Without the nodes under it. ``None``: the line only says that others are folded."""
    said: str = ""


class FoldedTrace(NamedTuple):
    """What is shown of a trace."""

    task: str
    began_at: float
    took_s: float
    """Until the last thing of it that is known."""
    sums: Sums
    """Of all of it."""
    rows: tuple[Row, ...]
    missing: tuple[str, ...]
    """As of :class:`Trace`."""


def folded(trace: Trace, most: int = ROWS, deep: int = DEPTH) -> FoldedTrace:
    """No more rows, no deeper, and of many alike neighbours the first ones. Takes the trace apart: use it no more."""
    rows = list(_rows(trace.root, deep))
    began_at, ended_at, sums = trace.began_at, trace.ended_at, trace.root.sums
    shown = rows[:most]
    if len(rows) > most:
        shown.append(Row(0, None, f"and {len(rows) - most:,} more rows: shoal trace shows them"))
    for row in rows:
        if row.node is not None:
            row.node.children = []
    return FoldedTrace(trace.facts.task, began_at, ended_at - began_at, sums, tuple(shown), trace.missing)


def _rows(root: Node, deep: int) -> Iterator[Row]:
    waiting: list[Row] = [Row(0, root)]
    while waiting:
        row = waiting.pop()
        yield row
        if row.node is None or not row.node.children:
            continue
        if row.depth >= deep:
            under = sum(1 for _ in row.node.walk()) - 1
            waiting.append(Row(row.depth + 1, None, f"{many(under, 'span')} below"))
        else:
            waiting.extend(reversed(list(_children(row.node, row.depth + 1))))


def _children(parent: Node, depth: int) -> Iterator[Row]:
    shown: dict[tuple[Kind, str, str], int] = {}
    for child in parent.children:
        key = child.kind, child.name, child.agent
        shown[key] = shown.get(key, 0) + 1
        if shown[key] <= ALIKE or child.failed:
            yield Row(depth, child)
    for (kind, name, agent), count in shown.items():
        if count > ALIKE:
            yield Row(depth, None, f"{count - ALIKE:,} more of {kind.value} {name} at {agent}")
