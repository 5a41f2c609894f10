"""What ``shoal replay`` shows: on one line each, without secrets or what commands the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from shoal.experiments.replaying.ended import Ended
from shoal.experiments.replaying.replay import Replayed
from shoal.runtime.redaction import redact_data
from shoal.runtime.terminal.data import json_line
from shoal.runtime.terminal.text import clipped, data_text, printable

_SHOWN = 10
_WIDTH = 160
_SAID_CHARS = 400
_NOT_COMPARED = {
    (False, False): "messages were not recorded (journal: tasks): not compared",
    (True, False): "what messages say is not recorded: not compared",
    (True, True): "what messages say is not recorded: their sizes are compared",
}


def replayed_page(replayed: Replayed) -> RenderableType:
    """One task."""
    name = printable(replayed.task)
    if replayed.same:
        text = Text.assemble(("✓ ", "green"), name, (": as it was recorded", "green"))
    else:
        text = Text.assemble(("✗ ", "red"), name, (": it went another way", "red"))
    then = (
        f" ({replayed.messages_then:,} then)" if replayed.messages_then not in (0, replayed.messages) else ""
    )
    lines = [
        text,
        Text(f"  {replayed.messages:,} messages{then}, {replayed.effects:,} recorded effects", "dim"),
    ]
    known = "messages" in replayed.compared, "sizes" in replayed.compared
    lines.append(Text(f"  {_NOT_COMPARED[known]}", "dim"))
    lines += [_end("now" if not replayed.same else "", replayed.now)]
    if not replayed.same:
        lines.append(_end("then", replayed.then))
    found = replayed.divergences
    lines += [
        Text(f"  {place}. {clipped(one.text, _SAID_CHARS)}") for place, one in enumerate(found[:_SHOWN], 1)
    ]
    if len(found) > _SHOWN:
        lines.append(Text(f"  and {len(found) - _SHOWN} more", "dim"))
    lines += [Text(f"  a likely reason: {clipped(said, _SAID_CHARS)}", "yellow") for said in replayed.likely]
    lines += [Text(f"  refused: its code {clipped(said, _WIDTH)}", "yellow") for said in replayed.refused]
    return Group(*lines)


def replays_page(replays: Sequence[Replayed]) -> RenderableType:
    """Many: those that differ, and how many there are."""
    other = [one for one in replays if not one.same]
    lines: list[RenderableType] = [replayed_page(one) for one in other[:_SHOWN]]
    if len(other) > _SHOWN:
        lines.append(
            Text(f"and {len(other) - _SHOWN} more tasks that went another way (--json has all)", "dim")
        )
    same = len(replays) - len(other)
    style = "green" if not other else "bold"
    lines.append(Text(f"{same:,} of {len(replays):,} tasks went as they were recorded", style))
    return Group(*lines)


def as_json(replayed: Replayed) -> str:
    """One line."""
    record = {
        "task": replayed.task,
        "same": replayed.same,
        "then": _record(replayed.then),
        "now": _record(replayed.now),
        "messages": replayed.messages,
        "messages_then": replayed.messages_then,
        "effects": replayed.effects,
        "compared": list(replayed.compared),
        "divergences": [one._asdict() for one in replayed.divergences],
        "likely": replayed.likely,
        "refused": replayed.refused,
    }
    return json_line(redact_data(record))


def _record(ended: Ended) -> dict[str, Any]:
    return {
        "state": ended.state,
        "output": ended.output,
        "error": ended.error,
        "raised": ended.raised,
        "error_text": ended.error_text,
    }


def _end(when: str, ended: Ended) -> Text:
    lead = f"  {when}: " if when else "  "
    said = printable(ended.error or ended.state)
    first = ended.error_text.strip().partition("\n")[0]
    body = clipped(first, _WIDTH) if first else data_text(ended.output, _WIDTH)
    return Text.assemble((lead, "dim"), (said, "red" if ended.error else "green"), ("  ", ""), body)
