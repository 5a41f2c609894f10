"""What a task's answer rests on, on a terminal and as JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shoal.experiments.explaining.figures import offset_text, span_text
from shoal.experiments.explaining.node import CANCELLED, Kind
from shoal.experiments.explaining.why import Link, Role, Why
from shoal.runtime.terminal.data import type_name
from shoal.runtime.terminal.text import clipped, printable

LINES = 120
"""So many links are shown unless all are wanted."""
_DEEPEST = 16
_SAID_CHARS = 160
_STYLES = {
    Role.ANSWER: "cyan",
    Role.HEARD: "cyan",
    Role.SENT_BY: "cyan",
    Role.MODEL: "magenta",
    Role.TOOL: "yellow",
    Role.READ: "blue",
    Role.WROTE: "dim",
    Role.WRITER: "blue",
    Role.LATE: "bright_black",
    Role.NO_ANSWER: "red",
    Role.EFFECT: "dim",
}


_LEGEND = (
    "← had come by then, which is recorded; that it was used is inferred.  ~ the same agent had handled it before, and "
    "may have kept something of it."
)


def why_page(why: Why, *, most: int | None = LINES) -> RenderableType:
    """For a terminal, what came last first. ``most``: so many links (``None``: all)."""
    facts = why.trace.facts
    head = Text().append(printable(facts.task), "bold")
    head.append("  answered " if why.answer else f"  {facts.state} ", "dim").append(why.answer)
    if facts.error:
        head.append(f"{printable(facts.error)}: {clipped(facts.error_text, 400)}", "red")
    parts: list[RenderableType] = [head]
    if why.members:
        parts.append(_members(why))
    if why.links:
        parts += [Text(), _table(why, most)]
        if most is not None and len(why.links) > most:
            parts.append(Text(f"… {len(why.links) - most:,} more: --full shows all, --json too", "dim"))
        parts.append(_start(why))
    parts += [Text(f"! {said}", "yellow") for said in why.unknown]
    if why.links:
        parts.append(Text(_LEGEND, "dim"))
    return Group(*parts)


def why_record(why: Why) -> dict[str, Any]:
    """For JSON: the walk as a flat list, each link with its depth."""
    facts = why.trace.facts
    return {
        "run": facts.run,
        "task": facts.task,
        "state": facts.state,
        "answer": why.answer,
        "error": facts.error,
        "members": dict(why.members),
        "links": [_record(link) for link in why.links],
        "unknown": list(why.unknown),
    }


def _record(link: Link) -> dict[str, Any]:
    node = link.node
    record: dict[str, Any] = {
        "depth": link.depth,
        "role": link.role.value,
        "recorded": link.recorded,
        "said": link.said,
        "shown_above": link.shown_above,
        "written": link.written._asdict() if link.written is not None else None,
    }
    if node is not None:
        record |= {
            "span": node.id,
            "kind": node.kind.value,
            "agent": node.agent,
            "name": node.name,
            "sender": node.sender,
            "message": node.message_id,
            "at": node.at,
            "took_s": node.took_s,
            "outcome": node.outcome,
        }
    return record


def _members(why: Why) -> Text:
    text = Text().append("members: ", "dim")
    for place, (name, how) in enumerate(why.members.items()):
        style = "green" if how == "counted" else "yellow" if how == "another answer" else "red"
        text.append(", " if place else "").append(printable(name)).append(f" {clipped(how, 100)}", style)
    return text


def _table(why: Why, most: int | None) -> Table:
    began = why.trace.began_at
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False, expand=True)
    table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_column(ratio=1, overflow="fold")
    for link in why.links[:most]:
        at = link.node.at if link.node is not None else link.written.at if link.written is not None else None
        table.add_row("" if at is None else _offset(at - began), _line(link))
    return table


def _offset(seconds: float) -> str:
    """Into the task; of what another task wrote, before it began."""
    return f"{'+' if seconds >= 0 else ''}{offset_text(seconds)}"


def _line(link: Link) -> Text:
    deeper = f"⋯{link.depth} " if link.depth > _DEEPEST else ""
    text = Text(deeper + "  " * min(link.depth, _DEEPEST))
    text.append("← " if link.recorded else "~ ", "dim").append(link.role.value, _STYLES[link.role]).append(
        " "
    )
    node, written = link.node, link.written
    if written is not None:
        _append_version(text, link)
    elif node is None:
        text.append("somebody", "dim")
    elif node.kind in (Kind.MESSAGE, Kind.DEAD_LETTER):
        text.append(printable(node.agent), "bold")
        text.append(f" on {printable(type_name(node.name) or node.name).removeprefix('shoal.')}", "dim")
        text.append(f" from {printable(node.sender)}", "dim")
        text.append(f", {span_text(node.took_s)}" if node.kind is Kind.MESSAGE else "", "dim")
    else:
        text.append(printable(node.name), "bold" if node.kind is Kind.MODEL else "")
        if node.kind is Kind.BOARD:
            text.append(f" {printable(str(node.data.get('key', '')))}", "bold")
        if not link.depth:
            text.append(f" by {printable(node.agent)}", "dim")
    if node is not None and (node.failed or node.outcome == CANCELLED):
        text.append(f" {printable(node.outcome)}", "red")
    if link.said is not None:
        text.append(f" “{clipped(link.said, _SAID_CHARS)}”", "italic")
    if link.shown_above:
        text.append("  (above)", "dim")
    return text


def _append_version(text: Text, link: Link) -> None:
    written = link.written
    assert written is not None
    text.append(printable(written.author) or "the board itself", "bold")
    text.append(f" {printable(written.key)} version {written.version} at revision {written.revision}", "dim")
    text.append(f" “{clipped(written.value, _SAID_CHARS)}”", "italic")
    if link.node is None:
        whose = f"for task {printable(written.task)}" if written.task else "outside of a task's message"
        text.append(f" {whose}", "yellow")


def _start(why: Why) -> Text:
    facts = why.trace.facts
    tag = printable(type_name(facts.tag) or facts.tag)
    return Text(f"← the task's message, {tag}, which the run gave to {printable(facts.team)}", "dim")
