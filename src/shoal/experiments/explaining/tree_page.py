"""A trace as a tree on a terminal: who did what when, for how long, at what cost."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shoal.experiments.explaining.figures import many, offset_text, span_text, tokens_text, usd_text
from shoal.experiments.explaining.folding import CHILDREN, LINES, RAILS, Line, lines_of
from shoal.experiments.explaining.node import CANCELLED, Kind, Node, Sums
from shoal.experiments.explaining.trace import Trace
from shoal.runtime.terminal.data import type_name
from shoal.runtime.terminal.text import clipped, printable

_WIDE = 100
"""Columns from which there is room for queueing and longer bars."""
_SIGNS = {
    Kind.MODEL: ("◆", "magenta"),
    Kind.TOOL: ("⚙", "yellow"),
    Kind.BOARD: ("▤", "blue"),
    Kind.EFFECT: ("•", "dim"),
}
_BARS = {
    Kind.MESSAGE: "cyan",
    Kind.TASK: "white",
    Kind.MODEL: "magenta",
    Kind.TOOL: "yellow",
    Kind.BOARD: "blue",
}
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_DETAIL_CHARS = 200
_STATES = {"done": "green", "partial": "yellow", "submitted": "yellow", "failed": "red", "abandoned": "red"}


def trace_page(trace: Trace, *, width: int, depth: int | None = None, full: bool = False) -> RenderableType:
    """The page of a trace. ``depth``: levels below the task; ``full``: nothing is folded."""
    size = sum(1 for _ in trace.root.walk())
    widest = max(len(node.children) for _, node in trace.root.walk())
    folds = not full and (size > LINES or widest > 2 * CHILDREN)
    lines = list(lines_of(trace.root, depth=depth, most=CHILDREN if folds else None))
    parts: list[RenderableType] = [_head(trace), Text(), _tree(trace, lines, width), Text(), _total(trace)]
    parts += [Text(f"! {said}", "yellow") for said in trace.missing]
    if any(line.node is None for line in lines):
        parts.append(Text("… stands for what is folded: --full shows all, --json too", "dim"))
    return Group(*parts)


def _head(trace: Trace) -> Text:
    facts = trace.facts
    state = "open" if facts.state == "submitted" else facts.state
    text = Text().append(printable(facts.task), "bold").append(f"  {state}", _STATES.get(facts.state, ""))
    if facts.attempts > 1:
        text.append(f", submitted {facts.attempts} times", "yellow")
    text.append(f"  run {printable(facts.run)}  trace {trace.id}", "dim")
    if facts.error:
        text.append(f"\n{printable(facts.error)}: {clipped(facts.error_text, 4 * _DETAIL_CHARS)}", "red")
    return text


def _tree(trace: Trace, lines: list[Line], width: int) -> Table:
    wide = width >= _WIDE
    began, ended = trace.began_at, trace.ended_at
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", expand=True, show_edge=False)
    table.add_column("", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("start", justify="right", no_wrap=True, style="dim")
    cells = 16 if wide else 8
    table.add_column("", width=cells, no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    if wide:
        table.add_column("queued", justify="right", no_wrap=True, style="dim")
    table.add_column("tokens", justify="right", no_wrap=True)
    table.add_column("US$", justify="right", no_wrap=True)
    for line in lines:
        name = _lead(line).append_text(_name(line, trace, "handles " if wide else ""))
        row = [name, *_figures(line, began, ended, cells)]
        if not wide:
            del row[4]
        table.add_row(*row)
        for note in line.node.notes[:3] if line.node is not None else ():
            lead = Text().append(_under(line), "dim")
            table.add_row(lead.append(f"↻ {note.kind.replace('_', ' ')} {_short(note.text)}", "yellow"),
                          offset_text(note.at - began))  # fmt: skip
    return table


def _figures(line: Line, began: float, ended: float, cells: int) -> list[Text | str]:
    node = line.node
    if node is None:
        return ["", "", "", "", *_spent(line.sums)]
    sums = node.sums if node.kind in (Kind.TASK, Kind.GAP) else node.own_sums()
    if node.at is None:
        return ["", "", "", "", *_spent(sums)]
    queued = span_text(node.queued_s) if node.queued_s is not None and node.queued_s >= 0.0001 else ""
    took = "open" if node.kind is Kind.TASK and node.took_s is None else span_text(node.took_s)
    if node.kind in (Kind.DEAD_LETTER, Kind.GAP):
        return [offset_text(node.at - began), "", "", "", *_spent(sums)]
    bar = Text(bar_text(node.at - began, node.took_s, ended - began, cells), _BARS.get(node.kind, "dim"))
    return [offset_text(node.at - began), bar, took, queued, *_spent(sums)]


def _spent(sums: Sums) -> list[Text | str]:
    return [tokens_text(sums.input_tokens, sums.output_tokens), usd_text(sums.usd, priced=sums.priced)]


def bar_text(start_s: float, took_s: float | None, whole_s: float, cells: int) -> str:
    """A time span as a bar in ``cells`` columns that stand for ``whole_s``: to an eighth of a column at its end.

    ``took_s`` of ``None`` is one that has not ended: it reaches to the end.
    """
    if whole_s <= 0:
        return "█" * cells
    first = min(1.0, max(0.0, start_s / whole_s)) * cells
    last = cells if took_s is None else min(1.0, max(0.0, (start_s + took_s) / whole_s)) * cells
    begin = min(int(first), cells - 1)
    length = (
        last - first if last - first < 1 else last - begin
    )  # what is short looks short, wherever it begins
    eighths = max(1, round(length * 8))
    return f"{' ' * begin}{'█' * (eighths // 8)}{_EIGHTHS[eighths % 8].strip()}"[:cells]


def _lead(line: Line) -> Text:
    if not line.depth:
        return Text()
    return Text().append(f"{_rails(line)}{'└ ' if line.last else '├ '}", "dim")


def _rails(line: Line) -> str:
    deeper = f"⋯{line.depth} " if line.depth > RAILS + 1 else ""
    return deeper + "".join("│ " if more else "  " for more in line.rails)


def _under(line: Line) -> str:
    """What stands before a line that belongs to this one."""
    if not line.depth:
        return "  "
    return _rails(line) + ("  " if line.last else "│ ") + "  "


def _name(line: Line, trace: Trace, handles: str) -> Text:
    node = line.node
    if node is None:
        return Text(
            f"… {line.hidden:,} more" + (f", {line.sums.failed:,} failed" if line.sums.failed else ""), "dim"
        )
    match node.kind:
        case Kind.TASK:
            return (
                Text()
                .append("task ", "bold")
                .append(f"{_tag(trace.facts.tag)} → {printable(node.agent)}", "dim")
            )
        case Kind.MESSAGE:
            text = _failed(node).append(printable(node.agent)).append(f" {handles}{_tag(node.name)}", "dim")
        case Kind.GAP:
            who = printable(node.agent) or "somebody"
            return (
                Text().append("? ", "yellow").append(f"{who} handled a message that is not journaled", "dim")
            )
        case Kind.DEAD_LETTER:
            text = _failed(node).append(f"{_tag(node.name)} → {printable(node.agent)}")
            text.append(" not handled", "dim")
        case _:
            sign, style = _SIGNS[node.kind]
            text = _failed(node) if node.failed else Text().append(f"{sign} ", style)
            text.append(printable(node.name) or node.kind.value)
            if node.kind is Kind.BOARD and node.data.get("key"):
                text.append(f" {printable(str(node.data['key']))}", "dim")
            if line.depth <= 1:  # it does not stand under the handling that it was in
                text.append(f" by {printable(node.agent)}", "dim")
    return _marks(node, text)


def _failed(node: Node) -> Text:
    """In front, so that a narrow terminal does not cut it off."""
    return Text().append(f"✗ {printable(node.outcome)} ", "red") if node.failed else Text()


def _marks(node: Node, text: Text) -> Text:
    if node.outcome == CANCELLED:
        text.append("  cancelled", "yellow")
    if node.run_again:
        text.append("  again", "yellow")
    if node.attempt:
        text.append(f"  {many(node.attempt + 1, 'try').replace('trys', 'tries')}", "yellow")
    if node.kind is Kind.MODEL:
        retries = node.data.get("retries")
        text.append(f"  {many(retries, 'retry').replace('retrys', 'retries')}" if retries else "", "yellow")
        text.append("  fallback" if node.data.get("fallback") else "", "yellow")
        text.append("  from the cache" if node.data.get("cached") else "", "green")
    if node.failed and (detail := str(node.data.get("detail", ""))):
        text.append(f"  {_short(detail)}", "red")
    return text


def _short(text: str) -> str:
    return clipped(text, _DETAIL_CHARS)


def _tag(tag: str) -> str:
    return printable(type_name(tag) or tag).removeprefix("shoal.")


def _total(trace: Trace) -> Text:
    sums = trace.root.sums
    took = span_text(trace.root.took_s) if trace.root.took_s is not None else "open"
    parts = [took, many(sums.messages, "message"), many(len(trace.agents), "agent")]
    if sums.calls:
        parts.append(many(sums.calls, "model request"))
        parts.append(f"{sums.input_tokens:,} tokens in, {sums.output_tokens:,} out")
        parts.append(usd_text(sums.usd, priced=sums.priced) or "$0")
    text = Text(" · ".join(parts), "bold")
    if sums.failed:
        text.append(f" · {sums.failed:,} did not end well", "red")
    if (
        trace.root.took_s is not None
        and (later := trace.ended_at - trace.facts.submitted_at - trace.root.took_s) > 0.01
    ):
        text.append(f" · work went on for {span_text(later)} after the result", "dim")
    return text
