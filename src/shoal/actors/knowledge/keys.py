"""Where on its board a team of knowledge sources keeps what it is about: BB1's control blackboard."""

from __future__ import annotations

CONTROL = "control/"
"""The prefix of all teams. No source is woken by what is under it, unless its own prefix says so."""


def position_key(team: str) -> str:
    """How far the team is."""
    return f"{CONTROL}{team}/position"


def agenda_key(team: str, id: str = "") -> str:
    """One activation that waits or is being carried out; without an id, the prefix of all."""
    return f"{CONTROL}{team}/agenda/{id}"


def dropped_key(team: str, id: str) -> str:
    """One that was given up, with why its attempts failed."""
    return f"{CONTROL}{team}/dropped/{id}"


def ended_key(team: str) -> str:
    """How the team ended."""
    return f"{CONTROL}{team}/ended"
