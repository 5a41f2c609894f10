"""The picture of a team: boxes in boxes, ways as wide as what went over them, agents dark by what they cost. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from shoal.experiments.explaining.figures import many, short_count, usd_text
from shoal.experiments.report.svg_drawing import number
from shoal.experiments.report.svg_mark import fitted, mark, picture, text, title
from shoal.experiments.report.team_layout import Box, Layout, lay_out
from shoal.experiments.report.team_parts import OUTSIDE, Part, TeamParts, Way, team_parts
from shoal.experiments.report.traffic import Amount, Traffic

_LABELLED = 24
"""Ways that have their figures written at them; all have them where one points at them, and in the table."""


def team_picture(graph: Mapping[str, Any], traffic: Traffic) -> tuple[Markup, tuple[Way, ...], TeamParts]:
    """The picture, the ways in it (the busiest first), and what it shows."""
    found = team_parts(graph, traffic.edges, traffic.agents)
    layout = lay_out(found)
    ways = tuple(sorted(found.ways, key=lambda way: (-way.amount.nano_usd, -way.amount.messages, way[:2])))
    most = max((way.amount.messages for way in ways), default=0)
    labelled = sorted(ways, key=lambda way: -way.amount.messages)[:_LABELLED]
    parts = [_arrow(), *_teams(layout)]
    parts += [_way(way, layout, most) for way in reversed(ways)]
    parts += _agents(found, layout)
    parts += [label for way in labelled if (label := _label(way, layout))]
    above = _above(ways, layout)
    moved = mark("g", *parts, transform=f"translate(0 {number(above)})")
    about = (
        f"{found.root.title} with {many(len(layout.boxes), 'part')} and {many(len(ways), 'way')} between them"
    )
    height = layout.height + above
    return picture("The team", about, layout.width, height, [moved], wide=layout.width > 700), ways, found


def part_name(key: str, found: TeamParts) -> str:
    """What a part is called in a table."""
    return OUTSIDE.get(key) or key


def amount_text(amount: Amount) -> str:
    """What went over a way, in few letters."""
    said = [f"{short_count(amount.messages)} msg"] if amount.messages else []
    said += [f"{short_count(amount.tokens)} tok"] if amount.tokens else []
    said += [usd] if (usd := usd_text(amount.usd, priced=amount.priced)) and amount.tokens else []
    return " · ".join(said)


def _arrow() -> str:
    head = mark("path", d="M0 0L7 3.5L0 7z", class_="head")
    return mark(
        "defs",
        mark("marker", head, id="arrow", viewBox="0 0 7 7", refX=6, refY=3.5, markerWidth=8, markerHeight=8,
             orient="auto-start-reverse", markerUnits="userSpaceOnUse"),
    )  # fmt: skip


def _teams(layout: Layout) -> Iterator[str]:
    for part, box in layout.teams:
        yield mark("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=10, class_="team")
        said = fitted(part.title, box.width - 20, 12)
        yield text(said, box.x + 12, box.y + 19, class_="label strong")
        left = box.width - 40 - 9 * len(said)
        if part.subtitle and left > 30:
            yield text(fitted(part.subtitle, left, 11), box.x + 20 + 9 * len(said), box.y + 19, class_="tick")


def _agents(found: TeamParts, layout: Layout) -> Iterator[str]:
    total = sum(amount.nano_usd for amount in found.spent.values())
    tokens = sum(amount.tokens for amount in found.spent.values())
    named = {part.key: part for part in _all(found.root)}
    for key, box in layout.boxes.items():
        amount = found.spent.get(key, Amount())
        share = amount.nano_usd / total if total else amount.tokens / tokens if tokens else 0.0
        is_front = key in named and named[key].front == key
        part = Part(key, OUTSIDE[key], "") if key in OUTSIDE else named.get(key)
        if part is None:
            continue
        name = "front" if is_front else part.title
        below = amount_text(amount) if is_front else part.subtitle
        yield _agent(
            name, below, box, amount, share, found.seen.get(key, 0), outside=key in OUTSIDE, front=is_front
        )


def _agent(
    name: str, below: str, box: Box, amount: Amount, share: float, seen: int, *, outside: bool, front: bool
) -> str:
    said = [amount_text(amount) or "nothing was recorded", f"{100 * share:.0f} % of the cost"]
    said += [f"{seen:,} agents"] if seen > 1 else []
    kind = "agent outside" if outside else "agent front" if front else "agent"
    middle = box.x + box.width / 2
    below = "" if front else below
    parts = [
        title(f"{name}: {', '.join(said)}"),
        mark("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=7, class_=kind),
        mark(
            "rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=7, class_="cost",
            style=f"fill-opacity:{0.5 * math.sqrt(share):.2f}",
        ) if share else "",
        text(
            fitted(name, box.width - 12, 13), middle, box.middle + (-3 if below else 4), class_="label strong",
            text_anchor="middle",
        ),
        text(fitted(below, box.width - 12, 11), middle, box.middle + 14, class_="tick", text_anchor="middle")
        if below else "",
        text(f"×{seen}", box.x + box.width - 6, box.y + 13, class_="tick", text_anchor="end")
        if seen > 1 and "×" not in name else "",
    ]  # fmt: skip
    return mark("g", *parts, class_="node")


def _all(part: Part) -> Iterator[Part]:
    yield part
    for inner in part.parts:
        yield from _all(inner)


def _way(way: Way, layout: Layout, most: int) -> str:
    path = _path(way, layout)
    if path is None:
        return ""
    busy = way.amount.messages
    widest = 2.5 if _is_crowded(layout) else 6.0
    wide = 1.2 + widest * math.sqrt(busy / most) if most and busy else 1.2
    said = (
        f"{_name(way.sender)} → {_name(way.receiver)}: {amount_text(way.amount) or 'no message of its own'}"
    )
    said += f" ({way.label})" if way.label else ""
    kind = "way" if busy or way.amount.calls else "way unused"
    return mark("path", title(said), d=path[0], class_=kind, stroke_width=wide, marker_end="url(#arrow)")


def _name(key: str) -> str:
    return OUTSIDE.get(key, key)


def _label(way: Way, layout: Layout) -> str:
    path = _path(way, layout)
    said = amount_text(way.amount) or way.label
    # A bow that nothing went over is thin: its label would look like one of what it passes.
    is_free = path is not None and path[3]
    if path is None or not said or (not is_free and (_is_crowded(layout) or not amount_text(way.amount))):
        return ""
    _, x, y, _ = path
    lines = said.split(" · ")
    begin = y - 12 * (len(lines) - 1) - 7
    return "".join(
        text(line, x, begin + 12 * place, class_="flow", text_anchor="middle")
        for place, line in enumerate(lines)
    )


def _path(way: Way, layout: Layout) -> tuple[str, float, float, bool] | None:
    """The curve, where its label is, and whether it passes nothing; ``None`` where an end is not drawn."""
    sender, receiver = layout.boxes.get(way.sender), layout.boxes.get(way.receiver)
    if sender is None or receiver is None:
        return None
    right = sender.x + sender.width
    hidden = _between(sender, receiver, layout)
    # Where boxes are many, bows over all of them would hide everything: ways pass behind the boxes.
    if receiver.x >= right and (not hidden or _is_crowded(layout)):
        bend = max(24.0, (receiver.x - right) / 2)
        ends = right, sender.middle, receiver.x - 2, receiver.middle
        curve = (
            f"M{number(ends[0])} {number(ends[1])}C{number(ends[0] + bend)} {number(ends[1])} "
            f"{number(ends[2] - bend)} {number(ends[3])} {number(ends[2])} {number(ends[3])}"
        )
        return curve, *_on_the_way(ends, bend), not hidden
    return *_arc(sender, receiver), False


def _on_the_way(ends: tuple[float, float, float, float], bend: float) -> tuple[float, float]:
    """Where a label stands: nearer to the receiver, where ways of one sender are apart (Bezier's curve at 0.66)."""
    x1, y1, x2, y2 = ends
    t, s = 0.66, 0.34
    x = s**3 * x1 + 3 * s * s * t * (x1 + bend) + 3 * s * t * t * (x2 - bend) + t**3 * x2
    return x, (s**3 + 3 * s * s * t) * y1 + (t**3 + 3 * s * t * t) * y2


def _arc(sender: Box, receiver: Box) -> tuple[str, float, float]:
    """Over what is in between, or below it on the way back."""
    begin, end = sender.x + sender.width / 2, receiver.x + receiver.width / 2
    back = end <= begin
    lift = min(110.0, 34.0 + 0.12 * abs(end - begin))
    if back:
        from_y, to_y = sender.y + sender.height, receiver.y + receiver.height + 2
        top = max(from_y, to_y) + lift
    else:
        from_y, to_y = sender.y, receiver.y - 2
        top = min(from_y, to_y) - lift
    curve = (
        f"M{number(begin)} {number(from_y)}C{number(begin)} {number(top)} {number(end)} {number(top)} "
        f"{number(end)} {number(to_y)}"
    )
    return curve, (begin + end) / 2, (from_y + to_y) / 8 + top * 0.75


def _is_crowded(layout: Layout) -> bool:
    return len(layout.boxes) > _LABELLED


def _between(sender: Box, receiver: Box, layout: Layout) -> bool:
    """Whether a straight way would lead through another box."""
    left, right = sender.x + sender.width, receiver.x
    for box in layout.boxes.values():
        if box.x >= left and box.x + box.width <= right and box not in (sender, receiver):
            share = (box.x + box.width / 2 - left) / max(1.0, right - left)
            y = sender.middle + share * (receiver.middle - sender.middle)
            if box.y - 4 <= y <= box.y + box.height + 4:
                return True
    return False


def _above(ways: tuple[Way, ...], layout: Layout) -> float:
    """Room that arcs and their labels need above the team."""
    tops = [path[2] - 18 for way in ways if (path := _path(way, layout)) is not None]
    return max(0.0, -min(tops, default=0.0))
