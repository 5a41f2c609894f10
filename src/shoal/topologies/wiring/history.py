"""What happened in a team before somebody's turn, as a message: whole, or within a budget of tokens. Pure.

An agent gets it when the edge to it says so (see :mod:`.edge`), and it takes :class:`History` or a ``str``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from shoal.models.tokens import estimate_text
from shoal.runtime.codec import message

_LEAST = 40
"""Tokens a cut turn keeps at least: less says nothing."""
_PER_TOKEN = 3
"""Characters that a token has at least, in most text; what is kept is then counted."""


class Turn(BaseModel):
    """What one member said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str
    """The member's name in its team."""
    text: str
    """What it answered: text as it is, anything else as JSON."""


@message("shoal.History")
class History(BaseModel):
    """A task and what was said about it so far."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    """The message the team was asked, as text."""
    turns: tuple[Turn, ...] = ()
    """Oldest first."""
    left_out: int = 0
    """Turns that did not fit the budget; they were the oldest."""
    cut: int = 0
    """Turns of which only the beginning is here."""

    def __str__(self) -> str:
        lines = [f"Task: {self.task}"]
        if self.left_out:
            lines.append(f"[{self.left_out} earlier turns are left out]")
        lines += [f"{turn.by}: {turn.text}" for turn in self.turns]
        return "\n".join(lines)


def as_text(value: Any) -> str:
    """A message as people and models read it."""
    if isinstance(value, BaseModel):
        return str(value) if isinstance(value, History) else value.model_dump_json()
    return value if isinstance(value, str) else repr(value)


def whole_history(task: Any, turns: Iterable[Turn]) -> History:
    """All of it."""
    return History(task=as_text(task), turns=tuple(turns))


def short_history(task: Any, turns: Sequence[Turn], tokens: int) -> History:
    """The task and the newest turns that fit the budget, in estimated tokens; what is cut or left out is said.

    The task is never cut: without it nobody knows what is wanted. Of the turns the newest come first, and one that
    does not fit is cut to what is left, if that is worth saying.
    """
    text = as_text(task)
    left = tokens - estimate_text(text)
    kept: list[Turn] = []
    cut = 0
    for turn in reversed(turns):
        size = estimate_text(f"{turn.by}: {turn.text}")
        if size > left:
            if left >= _LEAST:
                kept.append(_cut(turn, left))
                cut = 1
            break
        kept.append(turn)
        left -= size
    return History(task=text, turns=tuple(reversed(kept)), left_out=len(turns) - len(kept), cut=cut)


def _cut(turn: Turn, tokens: int) -> Turn:
    kept = turn.text[: tokens * _PER_TOKEN]
    while kept and estimate_text(f"{turn.by}: {kept} ...") > tokens:
        kept = kept[: len(kept) * 3 // 4]
    return Turn(by=turn.by, text=f"{kept} ...")
