"""Where a value comes from: the label that the runtime sets, agents cannot, and that only gets worse.

After CaMeL (arXiv 2503.18813): what a tool with effects is given is judged by where it comes from, not by what it says.
"""

from __future__ import annotations

from enum import IntEnum

SOURCES_KEPT = 4
"""Sources that are remembered of the worst origin, the first ones."""


class Origin(IntEnum):
    """Where a value comes from. What joins several has the worst of their origins: ``max``."""

    TRUSTED = 0
    """From who started the task, or from code that saw nothing else."""
    MODEL = 1
    """A model wrote it, having seen trusted values only."""
    TOOL = 2
    """A tool gave it, or it was made from what one gave."""
    WEB = 3
    """From outside, where anybody may have written it, or made from that."""


WORST = int(Origin.WEB)
"""As a plain int, for the hot path."""


class Taint:
    """The worst origin that was seen, and where it was seen first. It only gets worse."""

    __slots__ = ("origin", "sources")

    def __init__(self) -> None:
        self.origin = 0
        self.sources: tuple[str, ...] = ()
        """What the worst origin came with: addresses, keys of boards, names of tools."""

    def join(self, origin: int, source: str) -> None:
        """Something of this origin was seen."""
        if origin > self.origin:
            self.origin = origin
            self.sources = (source,)
        elif origin == self.origin and 0 < len(self.sources) < SOURCES_KEPT and source not in self.sources:
            self.sources = (*self.sources, source)


_MARK = "~"


def marked_tag(tag: str, origin: int) -> str:
    """A message's tag together with an origin, for records that have a place for a tag only."""
    return f"{_MARK}{origin:d}{_MARK}{tag}" if origin or tag.startswith(_MARK) else tag


def read_marked_tag(tag: str) -> tuple[str, int]:
    """The tag and the origin of :func:`marked_tag`; one that was recorded without is trusted."""
    return (tag[3:], int(tag[1])) if tag.startswith(_MARK) else (tag, 0)
