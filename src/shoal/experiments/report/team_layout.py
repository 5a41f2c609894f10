"""Where the parts of a team are drawn: boxes in boxes, in layers from left to right along their ways. Pure.

The layers are those of Sugiyama's method (K. Sugiyama, S. Tagawa, M. Toda, IEEE Transactions on Systems, Man, and
Cybernetics 11 (1981), 109-125): ways that lead back are left out, each part stands behind all that lead to it, and
within a layer parts are ordered by the mean place of those before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from shoal.experiments.report.svg_mark import text_width
from shoal.experiments.report.team_parts import TASKS, Part, TeamParts

FRONT_WIDTH, BOX_HEIGHT = 84.0, 48.0
_LEAST, _MOST = 112.0, 210.0
_ACROSS, _DOWN = 118.0, 20.0
_EDGE, _HEAD = 16.0, 30.0
_COLUMN = 12
"""More in a layer go into several columns."""


class Box(NamedTuple):
    """A rectangle in a picture."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Half way down."""
        return self.y + self.height / 2


class Layout(NamedTuple):
    """Where everything is."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    """Of agents, groups of agents and fronts, by key."""
    teams: tuple[tuple[Part, Box], ...]
    """Outer ones first."""


class _Block(NamedTuple):
    """A part with a size, and where all in it is from its corner."""

    key: str
    width: float
    height: float
    boxes: dict[str, Box]
    teams: tuple[tuple[Part, Box], ...]


def lay_out(found: TeamParts) -> Layout:
    """Places for all parts."""
    team = _team_block(found.root, set())
    blocks = [team]
    pairs = []
    for key in found.others:
        blocks.append(_Block(key, _LEAST, BOX_HEIGHT, {key: Box(0, 0, _LEAST, BOX_HEIGHT)}, ()))
        pairs.append((key, team.key) if key == TASKS else (team.key, key))
    width, height, placed = _arranged(blocks, pairs)
    boxes: dict[str, Box] = {}
    teams: list[tuple[Part, Box]] = []
    for block, x, y in placed:
        boxes |= {key: _moved(box, x + 8, y + 8) for key, box in block.boxes.items()}
        teams += [(part, _moved(box, x + 8, y + 8)) for part, box in block.teams]
    return Layout(width + 16, height + 16, boxes, tuple(teams))


def _team_block(part: Part, seen: set[str]) -> _Block:
    blocks = [_team_block(inner, seen) if inner.parts else _agent_block(inner) for inner in part.parts]
    if part.front:
        front = Box(0, 0, FRONT_WIDTH, 36)
        blocks.insert(0, _Block(part.front, front.width, front.height, {part.front: front}, ()))
    pairs = [(sender, receiver) for sender, receiver, _ in part.links]
    width, height, placed = _arranged(blocks, pairs)
    boxes: dict[str, Box] = {}
    inner_teams: list[tuple[Part, Box]] = []
    for block, x, y in placed:
        boxes |= {key: _moved(box, x + _EDGE, y + _HEAD) for key, box in block.boxes.items()}
        inner_teams += [(team, _moved(box, x + _EDGE, y + _HEAD)) for team, box in block.teams]
    width = max(width, text_width(f"{part.title}  {part.subtitle}", 12)) + 2 * _EDGE
    own = Box(0, 0, width, height + _HEAD + _EDGE)
    return _Block(part.key, own.width, own.height, boxes, ((part, own), *inner_teams))


def _agent_block(part: Part) -> _Block:
    wanted = max(text_width(part.title, 13), text_width(part.subtitle, 11)) + 24
    width = min(_MOST, max(_LEAST, wanted))
    return _Block(part.key, width, BOX_HEIGHT, {part.key: Box(0, 0, width, BOX_HEIGHT)}, ())


def _moved(box: Box, x: float, y: float) -> Box:
    return box._replace(x=box.x + x, y=box.y + y)


def _arranged(
    blocks: Sequence[_Block], pairs: Iterable[tuple[str, str]]
) -> tuple[float, float, list[tuple[_Block, float, float]]]:
    """Width, height, and each block with its corner."""
    by_key = {block.key: block for block in blocks}
    columns = _columns(list(by_key), [pair for pair in pairs if pair[0] in by_key and pair[1] in by_key])
    heights = [sum(by_key[key].height for key in column) + _DOWN * (len(column) - 1) for column in columns]
    tallest = max(heights, default=0.0)
    placed = []
    x = 0.0
    for column, height in zip(columns, heights, strict=True):
        wide = max(by_key[key].width for key in column)
        y = (tallest - height) / 2
        for key in column:
            block = by_key[key]
            placed.append((block, x + (wide - block.width) / 2, y))
            y += block.height + _DOWN
        x += wide + _ACROSS
    return max(0.0, x - _ACROSS), tallest, placed


def _columns(keys: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[list[str]]:
    forward = _forward(keys, pairs)
    layers = dict.fromkeys(keys, 0)
    for key in _in_order(keys, forward):
        for receiver in forward[key]:
            layers[receiver] = max(layers[receiver], layers[key] + 1)
    columns: list[list[str]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for key in keys:
        columns[layers[key]].append(key)
    places: dict[str, float] = {}
    split: list[list[str]] = []
    for column in columns:
        column.sort(key=lambda key: _mean([places[one] for one in places if key in forward[one]]))
        places |= {key: place / len(column) for place, key in enumerate(column)}
        many = -(-len(column) // _COLUMN)
        size = -(-len(column) // max(1, many))
        split += [column[start : start + size] for start in range(0, len(column), size)]
    return split


def _forward(keys: Sequence[str], pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """The ways without those that lead back to where a walk from the first part came from."""
    ways: dict[str, list[str]] = {key: [] for key in keys}
    for sender, receiver in dict.fromkeys(pairs):
        if sender != receiver:
            ways[sender].append(receiver)
    forward: dict[str, list[str]] = {key: [] for key in keys}
    done: set[str] = set()
    for start in keys:
        if start in done:
            continue
        walk = [(start, iter(ways[start]))]
        on_it = {start}
        while walk:
            key, left = walk[-1]
            receiver = next(left, "")
            if not receiver:
                done.add(key)
                on_it.discard(key)
                walk.pop()
                continue
            if receiver not in on_it:
                forward[key].append(receiver)
                if receiver not in done:
                    on_it.add(receiver)
                    walk.append((receiver, iter(ways[receiver])))
    return forward


def _in_order(keys: Sequence[str], forward: Mapping[str, Sequence[str]]) -> list[str]:
    """Each before those that it leads to."""
    before = dict.fromkeys(keys, 0)
    for receivers in forward.values():
        for receiver in receivers:
            before[receiver] += 1
    ready = [key for key in keys if not before[key]]
    for key in ready:
        for receiver in forward[key]:
            before[receiver] -= 1
            if not before[receiver]:
                ready.append(receiver)
    return ready


def _mean(places: Sequence[float]) -> float:
    return sum(places) / len(places) if places else 0.0
