"""A team's graph as it is drawn: replicas folded into one part, and traffic added up between parts. Pure."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from typing import Any, NamedTuple

from shoal.experiments.report.traffic import Amount, Edge

FOLDED = 4
"""So many alike members of a team are drawn as one."""
TASKS, BOARD, OTHERS = "\0tasks", "\0board", "\0others"
"""Keys of what is no part of the team: where tasks come from, the blackboard, and other agents."""
OUTSIDE = {TASKS: "tasks", BOARD: "board", OTHERS: "other agents"}
"""What these are called."""
_BOARDS = "board/"
_SERVICES = ("limits", "recorder", "directory")


class Part(NamedTuple):
    """A box: an agent, several alike agents, or a team with parts."""

    key: str
    """The address; of folded ones the first one's."""
    title: str
    subtitle: str
    parts: tuple[Part, ...] = ()
    links: tuple[tuple[str, str, str], ...] = ()
    """Of a team: declared ways between its parts, by keys; its front has its own key."""
    front: str = ""
    """Of a team: the key of its front; empty: it has none."""
    folded: int = 1
    """How many are folded into it."""


class Way(NamedTuple):
    """From part to part."""

    sender: str
    receiver: str
    amount: Amount
    declared: bool
    """Whether the team's graph has it."""
    label: str = ""


class TeamParts(NamedTuple):
    """What is drawn."""

    root: Part
    ways: tuple[Way, ...]
    spent: Mapping[str, Amount]
    """What each part took itself, by key."""
    seen: Mapping[str, int]
    """How many agents of each part handled anything, by key."""
    others: tuple[str, ...]
    """Keys of what is drawn beside the team."""


def team_parts(
    graph: Mapping[str, Any], edges: Mapping[Edge, Amount], agents: Mapping[str, Amount]
) -> TeamParts:
    """A graph as ``Topology.describe`` gives it, with what went over it by addresses."""
    keys: dict[str, str] = {}
    root = _team(graph, str(graph.get("pattern", "")), keys)
    ways: dict[Edge, Amount] = {}
    others: dict[str, None] = {}
    for (sender, receiver), amount in edges.items():
        way = _place(sender, keys, TASKS), _place(receiver, keys, OTHERS)
        if _is_shown(way, receiver):
            ways.setdefault(way, Amount()).add(amount)
            others.update(dict.fromkeys(key for key in way if key in OUTSIDE))
    spent: dict[str, Amount] = {}
    seen: dict[str, int] = {}
    for agent, amount in agents.items():
        key = _place(agent, keys, OTHERS)
        spent.setdefault(key, Amount()).add(amount)
        seen[key] = seen.get(key, 0) + 1
    return TeamParts(root, tuple(_ways(root, ways)), spent, seen, tuple(others))


def _is_shown(way: Edge, receiver: str) -> bool:
    return way[0] != way[1] and not (way[1] in OUTSIDE and (way[0] in OUTSIDE or receiver in _SERVICES))


def _ways(root: Part, found: Mapping[Edge, Amount]) -> Iterator[Way]:
    """What went over ways, and the ways over which nothing went; not the way back of a question, its answer."""
    declared = {(sender, receiver): label for sender, receiver, label in _all_links(root)}
    for way, amount in found.items():
        yield Way(*way, amount, way in declared, declared.get(way, ""))
    for way, label in declared.items():
        if way not in found and way[::-1] not in found and way[0] != way[1]:
            yield Way(*way, Amount(), declared=True, label=label)


def _all_links(part: Part) -> Iterator[tuple[str, str, str]]:
    yield from part.links
    for inner in part.parts:
        yield from _all_links(inner)


def _place(address: str, keys: Mapping[str, str], otherwise: str) -> str:
    """The part that an agent belongs to: its own, or that of what its address begins with."""
    if address.startswith(_BOARDS) and address not in keys:
        return BOARD
    while address not in keys:
        address, slash, _ = address.rpartition("/")
        if not slash:
            return otherwise
    return keys[address]


def _team(graph: Mapping[str, Any], name: str, keys: dict[str, str]) -> Part:
    address = str(graph["address"])
    members: Mapping[str, Any] = graph.get("members", {})
    has_front = all(member["address"] != address for member in members.values())
    keys[address] = address
    groups = _groups(graph)
    parts, own = [], {"": address}
    for names in groups:
        first = members[names[0]]
        for member in names:
            own[member] = str(first["address"])
            _take(members[member], str(first["address"]), keys)
        parts.append(_member(names, first, keys))
    links = {
        (own[link["from"]], own[link["to"]]): str(link.get("label", ""))
        for link in graph.get("links", ())
        if link["from"] in own and link["to"] in own
    }
    pattern = str(graph.get("pattern", ""))
    subtitle = pattern if name != pattern else str(address)
    return Part(
        address, name, subtitle, tuple(parts), tuple((*way, label) for way, label in links.items()),
        address if has_front else "",
    )  # fmt: skip


def _member(names: list[str], first: Mapping[str, Any], keys: dict[str, str]) -> Part:
    count = len(names)
    if "pattern" in first:
        part = _team(first, names[0] if count == 1 else f"{count} × {first['pattern']}", keys)
        return part._replace(folded=count)
    label = str(first.get("agent", ""))
    if count == 1:
        return Part(str(first["address"]), names[0], label if label != names[0] else "")
    return Part(str(first["address"]), f"{count} × {label}", f"{names[0]} … {names[-1]}", folded=count)


def _take(member: Mapping[str, Any], key: str, keys: dict[str, str]) -> None:
    """All of a member that is folded goes to the first one: of a team, part by part where they are named alike."""
    keys[str(member["address"])] = key
    for name, inner in member.get("members", {}).items():
        _take(inner, f"{key}/{name}", keys)


def _groups(graph: Mapping[str, Any]) -> list[list[str]]:
    """The names of members, those together that are alike and wired alike, where they are many."""
    members: Mapping[str, Any] = graph.get("members", {})
    shapes = {name: _shape(member) for name, member in members.items()}
    links = graph.get("links", ())
    alike: dict[str, list[str]] = {}
    for name, shape in shapes.items():
        kin = {other for other, its in shapes.items() if its == shape and other != name}
        own = [link for link in links if name in (link["from"], link["to"])]
        ends = {str(link["to"] if link["from"] == name else link["from"]) for link in own}
        # In a mesh each leads to all others of its kind; in a chain of one kind everybody stands elsewhere.
        same = kin if kin <= ends else set()
        ways = {_wired(link, name, same) for link in own}
        alike.setdefault(json.dumps([shape, sorted(ways)]), []).append(name)
    groups: list[list[str]] = []
    for names in alike.values():
        groups += [names] if len(names) >= FOLDED else [[name] for name in names]
    order = {name: place for place, name in enumerate(members)}
    return sorted(groups, key=lambda names: order[names[0]])


def _wired(link: Mapping[str, Any], name: str, same: Container[str]) -> tuple[bool, str, str]:
    """Whether a way leads away, to or from whom, and its label."""
    leads_away = link["from"] == name
    other = str(link["to"] if leads_away else link["from"])
    return leads_away, "\0same" if other in same else other, str(link.get("label", ""))


def _shape(member: Mapping[str, Any]) -> str:
    """What a member is, without its name: the same for those that can be folded."""
    if "pattern" not in member:
        return f"agent {member.get('agent', '')}"
    inner = [(name, _shape(one)) for name, one in member.get("members", {}).items()]
    return json.dumps([str(member["pattern"]), inner])
