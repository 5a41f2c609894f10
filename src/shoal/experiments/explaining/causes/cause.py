"""What a failure comes from, as far as its error tells. Pure.

The first three categories and the modes are those of MAST (Cemri et al., "Why Do Multi-Agent LLM Systems Fail?",
arXiv 2503.13657): fourteen modes found by people who read traces. A runtime sees errors, not intentions: a mode is
named where the error is what that mode does in this system, and nowhere else.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Category(StrEnum):
    """What kind of thing went wrong."""

    SPECIFICATION = "specification"
    """MAST's first: tasks, roles and ends that are not said well, or not kept to."""
    MISALIGNMENT = "inter-agent misalignment"
    """MAST's second: agents that do not understand each other, or do not listen."""
    VERIFICATION = "task verification"
    """MAST's third: answers that are not checked, checked wrongly, or given too early."""
    MODEL = "model"
    """The model, or its endpoint."""
    LIMITS = "budget and limits"
    """A limit of this run was met: money, tokens, time, rates."""
    INFRASTRUCTURE = "infrastructure"
    """Processes, disks, networks."""
    SETUP = "setup"
    """A setting, a name, a wiring or a file: the run was not set up as it has to be."""
    NOT_KNOWN = "not known"
    """The runtime cannot tell."""


MODES = {
    "FM-1.1": "disobey task specification",
    "FM-1.2": "disobey role specification",
    "FM-1.3": "step repetition",
    "FM-1.4": "loss of conversation history",
    "FM-1.5": "unaware of termination conditions",
    "FM-2.1": "conversation reset",
    "FM-2.2": "fail to ask for clarification",
    "FM-2.3": "task derailment",
    "FM-2.4": "information withholding",
    "FM-2.5": "ignored other agent's input",
    "FM-2.6": "reasoning-action mismatch",
    "FM-3.1": "premature termination",
    "FM-3.2": "no or incomplete verification",
    "FM-3.3": "incorrect verification",
}
"""MAST's failure modes by their numbers."""


class Cause(NamedTuple):
    """What an error means."""

    category: Category
    mode: str
    """MAST's, as ``FM-1.3``; empty: none of them, or nobody can tell."""
    why: str
    """What happened, in one sentence."""
    remedy: str
    """What to do."""

    @property
    def name(self) -> str:
        """The mode in words, ``FM-1.3 step repetition``; empty as ``mode``."""
        return f"{self.mode} {MODES[self.mode]}" if self.mode else ""


UNKNOWN = Cause(
    Category.NOT_KNOWN,
    "",
    "The agent's own code raised, or an error that this version does not know: whether the task, the "
    "agents or the code "
    "is at fault cannot be told from here.",
    "Read the error's text, and look at the task: `shoal trace`, `shoal why`.",
)
