"""Requests as people see them on a terminal: the list, one request, what became of a decision.

What agents wrote is escaped: nothing in it moves the cursor, hides a part, or turns the direction of writing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from shoal.actors.approvals.finding import Place
from shoal.actors.approvals.patience import ASKER, HANDLER
from shoal.actors.approvals.request import SHORT, Kind, Request, State
from shoal.runtime.journal.pages import ago, duration
from shoal.runtime.journal.reader import FINISHED
from shoal.runtime.terminal.text import clipped, data_text, plain, printable

_SIGNS = {
    State.PENDING: ("●", "yellow"),
    State.APPROVED: ("✓", "green"),
    State.EDITED: ("✎", "green"),
    State.ANSWERED: ("✓", "green"),
    State.REJECTED: ("✗", "red"),
    State.EXPIRED: ("◌", "red"),
    State.WITHDRAWN: ("○", "dim"),
}
_ASKED = {Kind.TOOL: "call", Kind.MESSAGE: "message", Kind.INPUT: "question"}
_HURRY_S = 60.0
_TITLE_CHARS = 200


def list_page(requests: Sequence[Request], place: Place, *, every: bool, now: float) -> RenderableType:
    """One request a line, with what it is about below, as far as it fits."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    for name in ("id", "asked"):
        table.add_column(name, no_wrap=True)
    table.add_column("state, or time left" if every else "time left", no_wrap=True)
    table.add_column("agent", no_wrap=True, overflow="ellipsis", max_width=24)
    table.add_column("what", ratio=1, no_wrap=True, overflow="ellipsis")
    for request in requests:
        what = Text(clipped(request.title, _TITLE_CHARS), "bold")
        if request.kind is not Kind.INPUT:
            what.append(f"\n{_about(request)}", "dim not bold")
        left = _left(request, now) if request.state is State.PENDING else _state_text(request)
        table.add_row(
            Text(request.id[:SHORT], "bold cyan"), ago(now - request.created_at), left,
            plain(request.agent), what,
        )  # fmt: skip
    return Group(_head(requests, place, every), Text(), table, Text(), _hint(requests))


def empty_line(place: Place, *, every: bool) -> Text:
    """What to say when there is nothing to list."""
    what = "has not asked anybody" if every else "waits for nobody"
    return plain(f"{place.name} {what}", "dim")


def request_page(request: Request, place: Place, *, now: float) -> RenderableType:
    """All there is to one request."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(ratio=1)
    facts.add_row("agent", plain(request.agent))
    if request.task is not None:
        facts.add_row("task", plain(request.task))
    if request.subject:
        facts.add_row("tool" if request.kind is Kind.TOOL else "type", plain(request.subject, "bold"))
    if request.reason:
        facts.add_row("because", plain(request.reason))
    facts.add_row("asked", plain(f"{ago(now - request.created_at)}, run {place.name}"))
    if request.state is State.PENDING:
        facts.add_row("time left", _left(request, now, full=True))
    parts: list[RenderableType] = [facts]
    if request.kind is not Kind.INPUT:
        parts += [Text(), _data("arguments" if request.kind is Kind.TOOL else "payload", request.data)]
    if request.decision is not None:
        parts += [Text(), _decision(request, now)]
    elif request.state is State.PENDING:
        parts += [Text(), Text(_ways(request), "dim")]
    title = Text.assemble((f"{request.id[:SHORT]} ", "bold cyan"), _state_text(request))
    return Group(
        Text(f"{_ASKED[request.kind]}: {clipped(request.title, 10 * _TITLE_CHARS)}", "bold"),
        Panel(Group(*parts), title=title, title_align="left", border_style="dim"),
    )


def decided_line(request: Request, place: Place) -> Text:
    """What a decision did."""
    line = _state_text(request)
    line.append(f" {request.id[:SHORT]} ", "bold cyan")
    line.append(clipped(request.title, _TITLE_CHARS))
    if request.kind is not Kind.INPUT and request.state in (State.APPROVED, State.EDITED):
        data = request.data if request.state is State.APPROVED else request.decided_data
        line.append(f"\n  {printable(request.subject)} {data_text(data, _TITLE_CHARS)}".rstrip(), "dim")
    line.append(f"\n  {printable(request.agent)} {_what_next(request, place)}", "dim")
    return line


def _what_next(request: Request, place: Place) -> str:
    if place.running:
        return "goes on" if request.state is not State.REJECTED else "is told"
    if place.status == FINISHED:
        return f"does not wait any more: run {place.name} is finished"
    if place.status:
        return f"is told when the run goes on: it is {place.status} (shoal resume {place.name})"
    return "is told, now or when its program goes on"


def _head(requests: Sequence[Request], place: Place, every: bool) -> Text:
    pending = sum(request.state is State.PENDING for request in requests)
    line = plain(place.name, "bold")
    if place.status:
        line.append(f"  {place.status}", "cyan" if place.running else "yellow")
    line.append(f"  {pending} {'waits' if pending == 1 else 'wait'} for a person", "dim not bold")
    if every:
        over = len(requests) - pending
        line.append(f", {over} {'is' if over == 1 else 'are'} over", "dim not bold")
    return line


def _hint(requests: Sequence[Request]) -> Text:
    pending = [request for request in requests if request.state is State.PENDING]
    if not pending:
        return Text()
    return Text(f"shoal approvals show {pending[0].id[:SHORT]} · approve · reject · edit · answer", "dim")


def _ways(request: Request) -> str:
    ways = ["answer … TEXT"] if request.kind is Kind.INPUT else ["approve …", "edit … --value JSON"]
    return f"shoal approvals {' · '.join([*ways, 'reject … --note WHY'])}".replace("…", request.id[:SHORT])


def _about(request: Request) -> str:
    subject = printable(
        request.subject.rpartition(":")[2] if request.kind is Kind.MESSAGE else request.subject
    )
    return f"{subject} {data_text(request.data, _TITLE_CHARS)}".strip()


def _state_text(request: Request) -> Text:
    sign, colour = _SIGNS[request.state]
    return Text(f"{sign} {request.state}", colour)


def _left(request: Request, now: float, *, full: bool = False) -> Text:
    """Until when somebody can decide; and whether that is the request's own end, its asker's or its handler's."""
    whose = ""
    until = request.expires_at
    if request.waits_until is not None and request.waits_until < until:
        whose = {ASKER: "its asker gives up then", HANDLER: "its handler's limit"}.get(request.waits_for, "")
        if request.waits_until > now:
            until = request.waits_until
        else:
            whose = "nobody waits now; taken if it is asked again"
    left_s = max(0.0, until - now)
    text = Text(duration(left_s), "bold red" if left_s < _HURRY_S else "")
    if full:
        text.append(f", then {'refused' if until == request.expires_at else 'withdrawn'}", "dim not bold")
        if whose:
            text.append(f" ({whose})", "dim not bold")
    return text


def _data(name: str, data: Any) -> RenderableType:
    """Data in full, a field a line where it is an object."""
    if not isinstance(data, dict) or not data:
        return Group(Text(name, "dim"), Text(_in_full(data)))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(ratio=1)
    for key, value in data.items():
        table.add_row(plain(key), Text(_in_full(value)))
    return Group(Text(name, "dim"), table)


def _in_full(data: Any) -> str:
    """A text as it is, with its line breaks; other data as JSON."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, indent=2)
    return "\n".join(printable(line) for line in text.split("\n"))


def _decision(request: Request, now: float) -> RenderableType:
    decision = request.decision
    assert decision is not None
    line = Text.assemble(
        _state_text(request), f" by {printable(decision.by)}", (f", {ago(now - decision.at)}", "dim")
    )
    parts: list[RenderableType] = [line]
    if decision.note:
        parts.append(plain(f"“{decision.note}”", "italic"))
    if decision.value is not None:
        parts += [Text(), _data("answer" if request.kind is Kind.INPUT else "instead", request.decided_data)]
    return Group(*parts)
