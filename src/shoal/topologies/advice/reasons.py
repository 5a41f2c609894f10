"""When one agent is not enough. Rules as data: a predicate of the traits, why it counts, what would show it.

The figures are claims of guides to multi-agent systems, mostly without a method behind them: each says "claimed", and
has beside it what to measure on one's own tasks. Without one of these reasons, more agents only cost more and fail in
more ways.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shoal.topologies.advice.traits import Parts, Traits

MANY_TOOLS = 15
"""Past 15 to 20 tools a model is claimed to choose the right one less than 80 % of the time."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One agent is not enough when it ``holds``."""

    trait: str
    holds: Callable[[Traits], bool]
    why: Callable[[Traits], str]
    measure: str
    """What to measure on one's own tasks to know it."""
    divides: bool = True
    """Whether the work has to be divided; else a second look is enough."""


REASONS = (
    Reason(
        "context_fits",
        lambda t: not t.context_fits,
        lambda t: "A task does not fit one context: past 60-70 % of it, accuracy is claimed to drop.",
        "Tokens in of a task's longest model call, against the model's context: past 60-70 % of it accuracy is claimed "
        "to drop (`shoal cost RUN --by step`).",
    ),
    Reason(
        "tools",
        lambda t: t.tools > MANY_TOOLS,
        lambda t: (
            f"{t.tools} tools: past 15-20, the right one is claimed to be chosen less than 80 % of the time."
        ),
        "How often it chooses the right tool: below 80 %, give tools to agents that need only some of them.",
    ),
    Reason(
        "permissions_differ",
        lambda t: t.permissions_differ,
        lambda t: "Permissions differ: one agent would hold all of them, in every step.",
        "Which tool calls of one task must not be possible in another: those belong to an agent of their own.",
    ),
    Reason(
        "skills",
        lambda t: t.skills > 1,
        lambda t: f"{t.skills} kinds of work need instructions or a model of their own.",
        "Which kinds of task fail: one that fails under instructions that serve the others needs an agent of its own.",
    ),
    Reason(
        "parts",
        lambda t: t.parts is Parts.INDEPENDENT,
        lambda t: (
            "Parts need nothing of one another: side by side they are claimed to take up to 75 % less time."
        ),
        "How much of a task's time goes to parts that need nothing of one another.",
    ),
    Reason(
        "reviewer",
        lambda t: t.reviewer,
        lambda t: "A separate reviewer finds what the author misses.",
        "Have 30 answers read by a second agent with other instructions: does it find what the first one missed?",
        divides=False,
    ),
    Reason(
        "accuracy_over_speed",
        lambda t: t.accuracy_over_speed and not t.reviewer,
        lambda t: "Being right is worth more than being quick, and a second look is what that buys.",
        "",
        divides=False,
    ),
)


def reasons_of(traits: Traits) -> list[Reason]:
    """Those that hold. None of them: one agent is enough."""
    return [reason for reason in REASONS if reason.holds(traits)]


def is_divided(traits: Traits) -> bool:
    """Whether a reason holds that needs the work divided, and not only looked at twice."""
    return any(reason.divides for reason in reasons_of(traits))
