"""The failures of a run on a terminal, and as JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Group as Lines
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from shoal.experiments.explaining.causes.cause import Category, Cause
from shoal.experiments.explaining.failures import NOT_STARTED, OPEN, Failures, Group
from shoal.experiments.explaining.figures import many
from shoal.experiments.explaining.troubles import Trouble
from shoal.runtime.redaction import redact
from shoal.runtime.terminal.text import clipped, printable

_CHARS = 300
_BAR = 24
_COLOURS = {
    Category.SPECIFICATION: "magenta",
    Category.MISALIGNMENT: "yellow",
    Category.VERIFICATION: "cyan",
    Category.MODEL: "blue",
    Category.LIMITS: "green",
    Category.INFRASTRUCTURE: "red",
    Category.SETUP: "white",
    Category.NOT_KNOWN: "bright_black",
}
_ENDED = {OPEN: "open"}
_RUNNING = {OPEN: "under way", NOT_STARTED: "to come"}
"""What states are called while a program works on the run."""
_NOTE = (
    "Categories and FM numbers are those of MAST (arXiv 2503.13657), as far as error types and records tell. "
    "What the runtime cannot tell is not known: it sees errors, not intentions."
)


def failures_page(found: Failures, *, most: int | None = 12) -> RenderableType:
    """For a terminal. ``most``: so many groups and kinds of trouble (``None``: all)."""
    parts: list[RenderableType] = [_head(found)]
    if found.groups:
        parts += [Text(), _categories(found)]
        for group in found.groups[:most]:
            parts += [Text(), _group(group)]
        parts += _more(len(found.groups), most, "groups")
    if found.troubles:
        parts += [
            Text("\non the way, also where the task ended well", "bold"),
            _troubles(found.troubles[:most]),
        ]
        parts += _more(len(found.troubles), most, "kinds")
    if found.groups or found.troubles:
        parts += [Text(), Text(_NOTE, "dim")]
    return Lines(*parts)


def failures_record(found: Failures) -> dict[str, Any]:
    """For JSON."""
    return {
        "run": found.run,
        "running": found.running,
        "tasks": found.tasks,
        "states": found.states,
        "categories": {category.value: count for category, count in found.by_category.items()},
        "failures": [
            {
                "error": group.error,
                "state": group.state,
                **_cause_record(group.cause),
                "count": group.times,
                "tasks": list(group.tasks),
                "texts": [redact(text) for text in group.texts],
            }
            for group in found.groups
        ],
        "troubles": [
            {
                "kind": trouble.kind,
                **_cause_record(trouble.cause),
                "count": trouble.times,
                "tasks": trouble.tasks,
                "examples": list(trouble.examples),
                "detail": redact(trouble.detail),
            }
            for trouble in found.troubles
        ],
    }


def _cause_record(cause: Cause) -> dict[str, str]:
    return {"category": cause.category.value, "mode": cause.mode, "why": cause.why, "remedy": cause.remedy}


def _head(found: Failures) -> Text:
    bad = found.tasks - found.states.get("done", 0)
    text = Text().append(printable(found.run), "bold")
    text.append("  running" if found.running else "", "green").append(
        f"  {many(found.tasks, 'task')}: ", "dim"
    )
    if not found.tasks:
        return text.append("none was begun")
    if not bad:
        return text.append("all ended well", "green")
    words = _RUNNING if found.running else _ENDED
    states = [
        f"{count:,} {words.get(state, state.replace('_', ' '))}"
        for state, count in found.states.items()
        if count
    ]
    return text.append(", ".join(states))


def _categories(found: Failures) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    counts = {category: count for category, count in found.by_category.items() if count}
    largest = max(counts.values())
    for category, count in sorted(counts.items(), key=lambda item: -item[1]):
        bar = Text("█" * max(1, round(_BAR * count / largest)), _COLOURS[category])
        table.add_row(category.value, f"{count:,}", bar)
    return table


def _group(group: Group) -> RenderableType:
    head = Text().append(f"{group.times:,} × ", "bold").append(printable(group.name), "bold red")
    if group.error and group.state != "failed":
        head.append(f" ({group.state.replace('_', ' ')})", "dim")
    _append_cause(head, group.cause)
    lines = Table.grid()
    lines.add_column(overflow="fold")
    lines.add_row(Text(group.cause.why))
    lines.add_row(Text("→ ", "dim").append(group.cause.remedy, "dim"))
    for text in group.texts:
        lines.add_row(Text("“", "dim").append(clipped(text, _CHARS), "red").append("”", "dim"))
    more = ", …" if group.times > len(group.tasks) else ""
    lines.add_row(Text(f"tasks {', '.join(map(printable, group.tasks))}{more}", "dim"))
    return Lines(head, Padding(lines, (0, 0, 0, 2)))


def _append_cause(text: Text, cause: Cause) -> None:
    text.append("  ").append(cause.category.value, _COLOURS[cause.category])
    if cause.mode:
        text.append(f" · {cause.name}", _COLOURS[cause.category])


def _troubles(troubles: tuple[Trouble, ...]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("what", ratio=3, overflow="fold")
    table.add_column("cause", ratio=2, overflow="fold")
    table.add_column("tasks", justify="right", no_wrap=True)
    table.add_column("for example", ratio=4, overflow="fold", style="dim")
    for trouble in troubles:
        cause = Text(trouble.cause.category.value, _COLOURS[trouble.cause.category])
        cause.append(f" {trouble.cause.mode}" if trouble.cause.mode else "")
        example = Text(
            " ".join([*map(printable, trouble.examples[:1]), clipped(trouble.detail, _CHARS // 3)])
        )
        table.add_row(
            f"{trouble.times:,}",
            Text(printable(trouble.kind)),
            cause,
            f"{trouble.tasks:,}" if trouble.tasks else "",
            example,
        )
    return table


def _more(there: int, most: int | None, what: str) -> list[RenderableType]:
    if most is None or there <= most:
        return []
    return [Text(f"… {there - most:,} more {what}: --full shows all, --json too", "dim")]
