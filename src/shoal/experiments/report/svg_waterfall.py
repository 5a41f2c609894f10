"""A task's trace as a waterfall: one row a span, indented, with its time on a common axis. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from markupsafe import Markup

from shoal.experiments.explaining.figures import many, span_text, tokens_text, usd_text
from shoal.experiments.explaining.node import Kind, Node
from shoal.experiments.explaining.trace import Trace
from shoal.experiments.report.svg_drawing import Scale
from shoal.experiments.report.svg_frame import bottom_axis
from shoal.experiments.report.svg_mark import fitted, mark, picture, text, title
from shoal.experiments.report.ticks import time_tick

ROWS, DEPTH, ALIKE = 60, 12, 5
"""Rows of a trace; levels; neighbours of one kind that are shown before the rest of them is folded."""
WIDTH = 1000.0
_LEFT, _RIGHT, _ROW, _BOTTOM = 330.0, 150.0, 19.0, 42.0


class Row(NamedTuple):
    """A line of it."""

    depth: int
    node: Node | None
    """``None``: only says that others are folded."""
    said: str = ""


def waterfall(trace: Trace) -> Markup:
    """The picture of a trace."""
    rows = list(rows_of(trace))
    begin = trace.began_at
    across = Scale(0.0, max(trace.ended_at - begin, 1e-6), _LEFT, WIDTH - _RIGHT)
    height = len(rows) * _ROW + _BOTTOM
    floor = height - _BOTTOM + 4
    parts = list(bottom_axis(across, floor, 0, time_tick, "", 8))
    for number, row in enumerate(rows):
        parts.append(_row(row, number * _ROW, across, begin))
    sums = trace.root.sums
    about = (
        f"{many(sums.messages, 'message')} and {many(sums.calls, 'model call')} in {span_text(across.high)}"
    )
    return picture(f"Trace of {trace.facts.task}", about, WIDTH, height, parts, wide=True)


def rows_of(trace: Trace, most: int = ROWS, deep: int = DEPTH) -> Iterator[Row]:
    """What is shown: no more rows, no deeper, and of many alike neighbours the first ones."""
    rows = list(_rows(trace.root, deep))
    yield from rows[:most]
    if len(rows) > most:
        yield Row(0, None, f"and {len(rows) - most:,} more rows: shoal trace shows them")


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


def _row(row: Row, y: float, across: Scale, begin: float) -> str:
    indent = min(row.depth, 14) * 12.0
    node = row.node
    if node is None:
        return text(fitted(f"… {row.said}", WIDTH - indent, 11), indent + 4, y + 13, class_="tick")
    name = _name(node)
    parts = [
        title(_about(node)),
        mark("rect", x=0, y=y, width=WIDTH, height=_ROW, class_="hover"),
        text(
            fitted(name, _LEFT - indent - 14, 11.5),
            indent + 4,
            y + 13,
            class_="span failed" if node.failed else "span",
        ),
    ]
    if node.at is not None:
        x = across.at(node.at - begin)
        if node.queued_s and node.queued_s > 0:
            start = across.at(node.at - begin - node.queued_s)
            parts.append(
                mark("rect", x=start, y=y + 8, width=max(0.5, x - start), height=3, class_="queue q1")
            )
        end = across.at(node.at - begin + (node.took_s or 0.0))
        kind = f"bar-{node.kind.value.replace('_', '-')}"
        parts.append(
            mark("rect", x=x, y=y + 4, width=max(2.0, end - x), height=11, rx=2,
                 class_=f"{kind} bad" if node.failed else kind)
        )  # fmt: skip
    for said, x in ((_money(node), WIDTH - 74), (span_text(node.took_s), WIDTH - 4)):
        parts.append(text(said, x, y + 13, class_="tick", text_anchor="end"))
    return mark("g", *parts)


def _name(node: Node) -> str:
    what = node.name.rpartition(":")[2] if node.kind is Kind.MESSAGE else node.name
    match node.kind:
        case Kind.TASK:
            return f"task {node.name}"
        case Kind.MESSAGE:
            return f"{node.agent} ← {what}"
        case Kind.GAP:
            return f"{node.agent}: not in the journal"
        case _:
            return f"{node.kind.value.replace('_', ' ')} {what}"


def _about(node: Node) -> str:
    said = [f"{node.kind.value} {node.name}", f"agent {node.agent}" if node.agent else "", node.outcome]
    said += [f"took {span_text(node.took_s)}", f"waited {span_text(node.queued_s)}" if node.queued_s else ""]
    said += [
        tokens_text(node.sums.input_tokens, node.sums.output_tokens),
        *(note.text for note in node.notes),
    ]
    return "; ".join(one for one in said if one)


def _money(node: Node) -> str:
    return usd_text(node.sums.usd, priced=node.sums.priced) if node.sums.calls else ""
