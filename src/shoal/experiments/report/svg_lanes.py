"""The timeline: one lane an agent, filled by what it did. Pure.

A lane is a few paths and not a rectangle a bucket: neighbours of the same height are drawn as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from shoal.experiments.explaining.figures import many, span_text
from shoal.experiments.report.lanes import Lane, Timeline
from shoal.experiments.report.svg_drawing import Scale, number
from shoal.experiments.report.svg_frame import bottom_axis
from shoal.experiments.report.svg_mark import fitted, mark, picture, text, title
from shoal.experiments.report.ticks import time_tick, time_unit

WIDTH = 1080.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 190.0, 12.0, 8.0, 44.0
_LANE, _GAP, _QUEUE = 18.0, 7.0, 3.0
_LEVELS = 12
"""Heights in a lane."""
_QUEUES = (0.05, 1.0, 5.0)
"""From so many waiting messages on, a queue is drawn stronger."""


def lanes_picture(timeline: Timeline) -> Markup:
    """All lanes over time."""
    lanes = [*timeline.lanes, *([timeline.rest] if timeline.rest is not None else [])]
    height = _TOP + len(lanes) * (_LANE + _GAP) + _BOTTOM
    seconds = timeline.buckets * timeline.width_s
    across = Scale(0.0, seconds, _LEFT, WIDTH - _RIGHT)
    floor = height - _BOTTOM
    parts = list(
        bottom_axis(
            across, floor, _TOP, time_tick, "time of work since the run began", 12, time_unit(seconds)
        )
    )
    for place, lane in enumerate(lanes):
        parts += _lane(lane, _TOP + place * (_LANE + _GAP), across, timeline.width_s)
    for begin in timeline.sessions[1:]:
        x = across.at(begin)
        parts.append(mark("line", title("resumed"), x1=x, x2=x, y1=_TOP, y2=floor, class_="session"))
    about = f"{many(len(lanes), 'lane')} over {span_text(seconds)}: {_first(lanes)}"
    return picture("What each agent did over time", about, WIDTH, height, parts, wide=True)


def _first(lanes: Sequence[Lane]) -> str:
    return "; ".join(f"{lane.agent or 'others'}: {_told(lane)}" for lane in lanes[:3])


def _told(lane: Lane) -> str:
    said = [many(lane.messages, "message"), f"handling {span_text(lane.busy_s)}"]
    said += [f"waiting for models {span_text(lane.model_s)}"] if lane.model_s else []
    said += [f"messages waited {span_text(lane.queued_s)}"] if lane.queued_s else []
    said += [f"down {span_text(lane.down_s)}"] if lane.down_s else []
    return ", ".join(said)


def _lane(lane: Lane, y: float, across: Scale, width_s: float) -> Iterator[str]:
    name = lane.agent or f"{lane.agents:,} more agents"
    about = title(f"{name}: {_told(lane)}")
    label = text(fitted(name, _LEFT - 10, 11), _LEFT - 8, y + 13, class_="tick", text_anchor="end")
    back = mark("rect", x=_LEFT, y=y, width=across.end - _LEFT, height=_LANE, class_="lane")
    step = (across.end - across.start) / max(1, round(across.high / width_s))
    handling = [_level(share) for share in lane.busy]
    either = [_level(min(1.0, one + other)) for one, other in zip(lane.busy, lane.model, strict=True)]
    drawn = [
        _area(either, y + _LANE, step, "model"),
        _area(handling, y + _LANE, step, "busy"),
        _strip([share > 0 for share in lane.down], y, _LANE, step, "down"),
    ]
    for strength, least in enumerate(_QUEUES):
        drawn.append(
            _strip([queue >= least for queue in lane.queue], y + _LANE, _QUEUE, step, f"queue q{strength}")
        )
    yield mark("g", about, label, back, *drawn)


def _level(share: float) -> int:
    """A height; anything at all can be seen."""
    return max(1, round(share * _LEVELS)) if share > 0.001 else 0


def _area(levels: Sequence[int], floor: float, step: float, kind: str) -> str:
    path = []
    for begin, end, level in _runs(levels):
        height = number(level * _LANE / _LEVELS)
        across = number((end - begin) * step)
        path.append(f"M{number(_LEFT + begin * step)} {number(floor)}v-{height}h{across}v{height}z")
    return mark("path", d="".join(path), class_=kind) if path else ""


def _strip(there: Sequence[bool], top: float, height: float, step: float, kind: str) -> str:
    path = [
        f"M{number(_LEFT + begin * step)} {number(top)}h{number((end - begin) * step)}v{number(height)}"
        f"h-{number((end - begin) * step)}z"
        for begin, end, _ in _runs([int(one) for one in there])
    ]
    return mark("path", d="".join(path), class_=kind) if path else ""


def _runs(levels: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Neighbours of one level, as begin, end and level; those of level 0 are left out."""
    begin = 0
    for place in range(1, len(levels) + 1):
        if place == len(levels) or levels[place] != levels[begin]:
            if levels[begin]:
                yield begin, place, levels[begin]
            begin = place
