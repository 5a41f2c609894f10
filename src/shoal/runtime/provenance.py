"""Where a value comes from: the label that the runtime sets, agents cannot, and that only gets worse.

After CaMeL (arXiv 2503.18813): what a tool with effects is given is judged by where it comes from, not by what it says.
"""

from __future__ import annotations

from enum import IntEnum


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
