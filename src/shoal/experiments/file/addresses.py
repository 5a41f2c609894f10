"""Addresses that an experiment file names, held against those that its teams will have. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from shoal.experiments.file.places import Path
from shoal.experiments.file.sections import BudgetSection
from shoal.topologies.wiring.topology import Topology

_SHOWN = 8


class Unknown(NamedTuple):
    """A budget of an address that no team has."""

    path: Path
    what: str
    remedy: str
    may_be_child: bool
    """Whether an agent may start a child there, which no description of a team tells."""


def unknown_budgets(budget: BudgetSection, teams: Iterable[Topology], name: str) -> Iterator[Unknown]:
    """Budgets that would limit nothing. ``name``: what a team is called, with which addresses begin."""
    every = list(teams)
    known = sorted({address for team in every for address in team.addresses(name)})
    lone = {address for team in every for address in _agents(list(team.addresses(name)))}
    for section, addresses in (("agents", budget.agents), ("teams", budget.teams)):
        for address in addresses:
            if address not in known:
                what = f"no team here has the address {address!r}; there are {some_of(known)}"
                child = section == "agents" and _is_below(address, lone, name)
                yield Unknown(("budget", section, address), what, _near(address, known), child)


def some_of(names: Collection[str]) -> str:
    """The first names, and how many there are besides."""
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more


def _agents(addresses: list[str]) -> list[str]:
    """Those that nothing of the team is below."""
    return [one for one in addresses if not any(other.startswith(f"{one}/") for other in addresses)]


def _is_below(address: str, agents: Collection[str], name: str) -> bool:
    """Below an agent; of a team that is one agent, directly: else every address would be."""
    parent = address.rpartition("/")[0]
    return parent in agents or any(one != name and address.startswith(f"{one}/") for one in agents)


def _near(address: str, known: list[str]) -> str:
    last = address.rpartition("/")[2]
    same = [one for one in known if one.rpartition("/")[2] == last]
    near = difflib.get_close_matches(address, same or known, 1, 0.5 if same else 0.6)
    return f"did you mean {near[0]!r}?" if near else ""
