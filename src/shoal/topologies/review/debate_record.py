"""What was proposed, objected and changed until an answer stood. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shoal.runtime.codec import message
from shoal.topologies.review.revision import Objection
from shoal.topologies.wiring.carrying import Carrying
from shoal.topologies.wiring.history import as_text

End = Literal["accepted", "judge", "repeated", "rounds"]
_MOST_LINES = 2000
"""Of a draft, that are compared line by line: that takes up to the square of their number."""


class Round(BaseModel):
    """One draft and what was said about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    draft: str
    """As text; a message as JSON."""
    changes: str = ""
    """From the draft before to this one, as a unified diff; empty for the first."""
    agreed: tuple[str, ...] = ()
    """The checkers that found it good, with evidence."""
    objections: tuple[Objection, ...] = ()
    disagreements: tuple[str, ...] = ()
    """The checkers that found good what a check refused."""
    silent: tuple[str, ...] = ()
    """The checkers that failed, and gave no verdict."""


@message("shoal.DebateRecord")
class DebateRecord(Carrying):
    """An answer and how it came about."""

    answer: Any
    """As plain data; a subclass can name the type."""
    accepted: bool
    """Whether it passed, or a judge decided for it. Otherwise it is only the last draft."""
    ended: End
    """By what: it was accepted; a judge chose; a draft came a second time; the rounds were over."""
    rounds: tuple[Round, ...]
    why: str = ""
    """The judge's reason."""

    @property
    def disagreements(self) -> int:
        """How often a checker found good what a check refused."""
        return sum(len(one.disagreements) for one in self.rounds)


def changes(before: Any, after: Any) -> str:
    """A unified diff of two drafts, line by line; of a message, field by field."""
    old, new = list(_lines(before)), list(_lines(after))
    if max(len(old), len(new)) > _MOST_LINES:
        return f"too long to compare: {len(old):,} lines before, {len(new):,} after"
    return "\n".join(unified_diff(old, new, "before", "after", lineterm="", n=1))


def _lines(value: Any) -> Iterator[str]:
    if not isinstance(value, BaseModel):
        yield from as_text(value).splitlines()
        return
    for name in type(value).model_fields:
        part = getattr(value, name)
        lines = part.splitlines() if isinstance(part, str) else [as_text(part)]
        yield from (f"{name}: {line}" for line in lines)
