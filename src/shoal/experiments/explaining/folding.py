"""Which nodes of a trace are shown: all of a small one, the telling ones of a large one. Pure.

Of a node's children those that failed stay, then the longest, then the first. What is left out stands in one line with
its sums, so that nothing disappears.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shoal.experiments.explaining.node import Kind, Node, Sums

CHILDREN = 12
"""So many of one node's children are shown, unless all of them fit."""
LINES = 200
"""A tree of no more nodes than that and no wide node is shown whole."""
RAILS = 16
"""Levels that indent a line; what lies deeper is indented like that. A chain of messages may have thousands."""


class Line(NamedTuple):
    """A line of a tree."""

    depth: int
    last: bool
    """Whether nothing follows under the same node."""
    rails: tuple[bool, ...]
    """For each node above it but the root, the nearest sixteen, whether something of it follows below."""
    node: Node | None
    """``None``: nodes that are left out."""
    hidden: int = 0
    sums: Sums = Sums()
    """Of what is left out."""


def lines_of(root: Node, *, depth: int | None = None, most: int | None = CHILDREN) -> Iterator[Line]:
    """The tree line by line. ``depth``: levels below the task; ``most``: shown children of a node (``None``: all)."""
    waiting: list[Line] = [Line(0, True, (), root)]
    while waiting:
        line = waiting.pop()
        yield line
        node = line.node
        if node is None or not node.children:
            continue
        rails = (*line.rails[1 - RAILS :], not line.last) if line.depth else ()
        if depth is not None and line.depth >= depth:
            hidden = sum(1 for _ in node.walk()) - 1
            waiting.append(Line(line.depth + 1, True, rails, None, hidden, _sums(node.children)))
            continue
        shown, left_out = chosen(node.children, most)
        if left_out:
            count = sum(1 for one in left_out for _ in one.walk())
            waiting.append(Line(line.depth + 1, True, rails, None, count, _sums(left_out)))
        for place in range(len(shown) - 1, -1, -1):
            last = place == len(shown) - 1 and not left_out
            waiting.append(Line(line.depth + 1, last, rails, shown[place]))


def chosen(children: Sequence[Node], most: int | None) -> tuple[list[Node], list[Node]]:
    """Those to be shown, and the others; both in their order."""
    if most is None or len(children) <= most:
        return list(children), []
    ranked = sorted(range(len(children)), key=lambda place: _rank(children[place], place))
    keep = set(ranked[:most])
    shown = [child for place, child in enumerate(children) if place in keep]
    return shown, [child for place, child in enumerate(children) if place not in keep]


def _rank(node: Node, place: int) -> tuple[bool, bool, float, int]:
    """The smaller, the more it tells."""
    first = place < 3
    trouble = node.failed or bool(node.sums.failed) or bool(node.notes) or node.kind is Kind.GAP
    return not trouble, not first, -(node.took_s or 0.0), place


def _sums(nodes: Sequence[Node]) -> Sums:
    total = Sums()
    for node in nodes:
        total = total.plus(node.sums)
    return total
