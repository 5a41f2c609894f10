"""What every pattern has to show on both hosts: a case is a pattern in ordinary use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shoal.topologies import Topology

WAIT_S = 0.05
"""How long an agent of a case takes, so that a kill finds work under way."""


@dataclass(frozen=True)
class Case:
    """A pattern, what it is asked, and what is right."""

    name: str
    team: Callable[[], Topology]
    message: Callable[[int], Any]
    """The n-th task."""
    check: Callable[[int, Any], None]
    """Asserts that the answer to the n-th task is whole and right."""
    victims: tuple[str, ...] = ("",)
    """Whose processes are killed in mid-work: addresses within the team, ``""`` its front."""
    others: tuple[str, ...] = ()
    """Processes outside of the team that are killed after that, by name: a board's."""
    at_once: int = 24
    """Tasks in flight when somebody is killed."""
