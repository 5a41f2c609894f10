"""``topology: fan_out``: everybody is asked, and one answer is made of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from shoal.experiments.teams.aggregates import By
from shoal.experiments.teams.words import Duration, FlagOrType
from shoal.experiments.teams.wrapping import Wrapped

if TYPE_CHECKING:
    from shoal.experiments.teams.spec import Members


class FanOutSpec(Wrapped):
    """Each message goes to all members at once, and one answer is made of theirs (``shoal.fan_out``)."""

    topology: Literal["fan_out"]
    """The pattern."""
    members: Members
    """Who is asked, by name or as a list."""
    by: By
    """What makes one answer of theirs: majority, {weighted: ...}, {ranked: field}, {merge: ...}, concatenate,
    {synthesize: member}, or a function by import path."""
    need: int | None = None
    """Usable answers that are enough; all where nothing is said."""
    quorum: int | None = None
    """Answers without which there is none; ``need`` where nothing is said."""
    deadline_s: Duration | None = None
    """How long members are waited for."""
    early: bool = True
    """A vote that cannot change any more ends at once."""
    report: FlagOrType = False
    """The answer comes with the votes, who dissented and who is missing."""
    fronts: int = 1
    """How many agents collect, behind the team's one address."""
