"""A team's graph (see :mod:`.graph_data`) as Mermaid, DOT, or a tree for the terminal. Pure.

In the pictures a team is a box around its members; what is drawn to or from the team itself goes to its front.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text
from rich.tree import Tree

from shoal.runtime.terminal.text import plain

Graph = Mapping[str, Any]


def as_tree(graph: Graph) -> Tree:
    """For the terminal: teams with what they take and return, members with what leads to them."""
    tree = Tree(Text.assemble(plain(graph["address"], "bold"), " ", plain(_team_text(graph))))
    _grow(tree, graph)
    return tree


def as_mermaid(graph: Graph) -> str:
    """A Mermaid flowchart, as GitHub and most documentation tools draw it."""
    lines = ["flowchart LR"]
    _mermaid_box(graph, lines, "  ")
    for sender, receiver, label in _arrows(graph):
        arrow = f'-->|"{_in_quotes(label)}"|' if label else "-->"
        lines.append(f"  {_id(sender)} {arrow} {_id(receiver)}")
    return "\n".join(lines)


def as_dot(graph: Graph) -> str:
    """A graph for Graphviz."""
    lines = ["digraph team {", "  rankdir=LR; compound=true; node [shape=box, style=rounded];"]
    _dot_box(graph, lines, "  ")
    for sender, receiver, label in _arrows(graph):
        shown = f" [label={_dot_text(label)}]" if label else ""
        lines.append(f"  {_dot_text(sender)} -> {_dot_text(receiver)}{shown};")
    return "\n".join([*lines, "}"])


# -- what is common ------------------------------------------------------------------------------------------------


def _is_team(member: Graph) -> bool:
    return "pattern" in member


def _has_front(graph: Graph) -> bool:
    """A single agent is what its team is addressed by."""
    return all(member["address"] != graph["address"] for member in graph["members"].values())


def _arrows(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Sender, receiver and label by address; calls and their answers as one arrow."""
    addresses = {name: member["address"] for name, member in graph["members"].items()}
    addresses[""] = graph["address"]
    for link in graph["links"]:
        sender, receiver = addresses[link["from"]], addresses[link["to"]]
        if sender != receiver or link["from"]:
            yield sender, receiver, link["label"]
    for member in graph["members"].values():
        if _is_team(member):
            yield from _arrows(member)


def _team_text(graph: Graph) -> str:
    fronts = f", {graph['fronts']} fronts" if graph.get("fronts", 1) > 1 else ""
    return f"{graph['pattern']}{fronts}: {graph['accepts']} → {graph['returns']}"


# -- the tree --------------------------------------------------------------------------------------------------------


def _grow(tree: Tree, graph: Graph) -> None:
    for name, member in graph["members"].items():
        leads = [
            f"{'' if link['from'] == '' else 'from ' + link['from']}{': ' if link['from'] and link['label'] else ''}"
            f"{link['label']}"
            for link in graph["links"]
            if link["to"] == name
        ]
        notes = "; ".join(dict.fromkeys(note for note in leads if note))
        what = _team_text(member) if _is_team(member) else member["agent"]
        line = Text.assemble(
            plain(name, "cyan"), ": ", plain(what), plain(f" ({notes})" if notes else "", "dim")
        )
        branch = tree.add(line)
        if _is_team(member):
            _grow(branch, member)


# -- Mermaid -----------------------------------------------------------------------------------------------------------


def _id(address: str) -> str:
    """An id without characters that mean something in Mermaid; different for different addresses."""
    return "n_" + re.sub(r"[^A-Za-z0-9]", lambda found: f"_{ord(found[0]):x}_", address)


def _in_quotes(text: str) -> str:
    return text.replace('"', "#quot;").replace("\n", " ")


def _mermaid_box(graph: Graph, lines: list[str], indent: str) -> None:
    title = _in_quotes(f"{graph['address']} · {_team_text(graph)}")
    lines.append(f'{indent}subgraph {_id(graph["address"])}_box["{title}"]')
    if _has_front(graph):
        lines.append(f'{indent}  {_id(graph["address"])}(["{_in_quotes(graph["pattern"])}"])')
    for name, member in graph["members"].items():
        if _is_team(member):
            _mermaid_box(member, lines, f"{indent}  ")
        else:
            text = _in_quotes(f"{name}: {member['agent']}")
            lines.append(f'{indent}  {_id(member["address"])}["{text}"]')
    lines.append(f"{indent}end")


# -- DOT ---------------------------------------------------------------------------------------------------------------


def _dot_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _dot_box(graph: Graph, lines: list[str], indent: str) -> None:
    lines.append(f"{indent}subgraph {_dot_text('cluster ' + graph['address'])} {{")
    lines.append(f"{indent}  label={_dot_text(graph['address'] + ' · ' + _team_text(graph))};")
    if _has_front(graph):
        lines.append(
            f"{indent}  {_dot_text(graph['address'])} [label={_dot_text(graph['pattern'])}, shape=oval];"
        )
    for name, member in graph["members"].items():
        if _is_team(member):
            _dot_box(member, lines, f"{indent}  ")
        else:
            text = f"{name}: {member['agent']}"
            lines.append(f"{indent}  {_dot_text(member['address'])} [label={_dot_text(text)}];")
    lines.append(f"{indent}}}")
