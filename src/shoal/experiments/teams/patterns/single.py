"""``topology: single``: one agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from shoal.experiments.teams.wrapping import Wrapped

if TYPE_CHECKING:
    from shoal.experiments.teams.spec import Member


class SingleSpec(Wrapped):
    """One agent: the baseline of every comparison (``shoal.single``)."""

    topology: Literal["single"]
    """The pattern."""
    agent: Member
    """The agent."""
