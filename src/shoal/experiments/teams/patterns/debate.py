"""``topology: debate``: a maker and its checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from shoal.experiments.teams.words import FlagOrType, ImportPath
from shoal.experiments.teams.wrapping import Wrapped

if TYPE_CHECKING:
    from shoal.experiments.teams.spec import Member, Members


class DebateSpec(Wrapped):
    """A maker drafts, and checkers object, until they agree (``shoal.debate``)."""

    topology: Literal["debate"]
    """The pattern."""
    maker: Member
    """Takes the task, and from the second round on its draft with the objections."""
    checkers: Members = Field(default=[])
    """Who judges the draft, by name or as a list; each answers shoal:Verdict."""
    rounds: int = 3
    """Drafts at most."""
    need: int | None = None
    """How many checkers must agree; all where nothing is said."""
    checks: list[ImportPath] = Field(default=[])
    """Functions (draft) or (draft, task) that return what is wrong, or nothing."""
    judge: Member | None = None
    """Chooses a draft where there is no agreement; takes shoal:Dispute, answers shoal:Decision."""
    on_end: Literal["error", "last"] = "error"
    """Without agreement: an error, or the last draft, in a record."""
    evidence: Literal["quoted", "given", "none"] = "quoted"
    """What an agreement must have to count."""
    distinct: bool = True
    """Refuse members that are the same agent."""
    stop_on_repeat: bool = True
    """A draft that was there before ends the debate."""
    criterion: str = ""
    """What checkers judge by."""
    record: FlagOrType = False
    """Answer with a record: who objected what in which round."""
