"""What ``shoal replay`` shows."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from shoal.experiments.replaying.divergence import Ended
from shoal.experiments.replaying.replay import Replayed

_SHOWN = 10
_WIDTH = 160


def replayed_page(replayed: Replayed) -> RenderableType:
    """One task."""
    if replayed.same:
        text = Text.assemble(("✓ ", "green"), replayed.task, (": as it was recorded", "green"))
    else:
        text = Text.assemble(("✗ ", "red"), replayed.task, (": it went another way", "red"))
    lines = [text, Text(f"  {replayed.messages:,} messages, {replayed.effects:,} recorded effects", "dim")]
    lines += [_end("now" if not replayed.same else "", replayed.now)]
    if not replayed.same:
        lines.append(_end("then", replayed.then))
    lines += [Text(f"  {number}. {one.text}") for number, one in enumerate(replayed.divergences[:_SHOWN], 1)]
    more = len(replayed.divergences) - _SHOWN
    if more > 0:
        lines.append(Text(f"  and {more} more", "dim"))
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
    data = {
        "task": replayed.task,
        "same": replayed.same,
        "then": replayed.then._asdict(),
        "now": replayed.now._asdict(),
        "messages": replayed.messages,
        "effects": replayed.effects,
        "divergences": [one._asdict() for one in replayed.divergences],
    }
    return json.dumps(data, ensure_ascii=False)


def _end(when: str, ended: Ended) -> Text:
    lead = f"  {when}: " if when else "  "
    said = ended.error or ended.state
    body = (
        ended.error_text.splitlines()[0] if ended.error_text else json.dumps(ended.output, ensure_ascii=False)
    )
    body = body if len(body) <= _WIDTH else f"{body[: _WIDTH - 3]}..."
    return Text.assemble((lead, "dim"), (said, "red" if ended.error else "green"), ("  ", ""), body)
