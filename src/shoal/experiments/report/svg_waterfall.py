"""A task's trace as a waterfall: one row a span, indented, with its time on a common axis. Pure."""

from __future__ import annotations

from markupsafe import Markup

from shoal.experiments.explaining.figures import many, span_text, tokens_text, usd_text
from shoal.experiments.explaining.node import Kind, Node
from shoal.experiments.report.folded_trace import FoldedTrace, Row
from shoal.experiments.report.svg_drawing import Scale
from shoal.experiments.report.svg_frame import bottom_axis
from shoal.experiments.report.svg_mark import fitted, mark, picture, text, title
from shoal.experiments.report.ticks import time_tick

WIDTH = 1000.0
_LEFT, _RIGHT, _ROW, _BOTTOM = 330.0, 150.0, 19.0, 42.0


def waterfall(trace: FoldedTrace) -> Markup:
    """The picture of a trace."""
    across = Scale(0.0, max(trace.took_s, 1e-6), _LEFT, WIDTH - _RIGHT)
    height = len(trace.rows) * _ROW + _BOTTOM
    floor = height - _BOTTOM + 4
    parts = list(bottom_axis(across, floor, 0, time_tick, "", 8))
    for number, row in enumerate(trace.rows):
        parts.append(_row(row, number * _ROW, across, trace.began_at))
    sums = trace.sums
    about = (
        f"{many(sums.messages, 'message')} and {many(sums.calls, 'model call')} in {span_text(across.high)}"
    )
    return picture(f"Trace of {trace.task}", about, WIDTH, height, parts, wide=True)


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
