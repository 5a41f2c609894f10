"""What a trait speaks against. Rules as data: a predicate of the traits, the patterns to avoid, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shoal.topologies.advice.patterns import Pattern
from shoal.topologies.advice.traits import Parts, Traits

QUICK_S = 2.0
"""Answers in less than this leave no time for levels or for talk among peers."""
MANY_PEERS = 8
"""A mesh of more has more channels, N(N-1)/2, than anybody can follow."""


@dataclass(frozen=True, slots=True)
class Against:
    """When it ``holds``, it speaks against patterns."""

    trait: str
    holds: Callable[[Traits], bool]
    said: Callable[[Traits], str]
    """The trait in words, as the person said it."""
    why: Mapping[Pattern, str]
    unless: Mapping[Pattern, str] = field(default_factory=dict)
    """Patterns that an option makes good: avoided in another's place, and taken, with the option, where they fit."""


def is_quick(traits: Traits) -> bool:
    """Whether there is no time for levels, or for talk."""
    return traits.latency_s is not None and traits.latency_s < QUICK_S


AGAINST = (
    Against(
        "latency_s",
        is_quick,
        lambda t: f"an answer in {t.latency_s:g} s",
        {
            Pattern.HIERARCHY: "Each level adds model calls: three are claimed to take 6-12 s.",
            Pattern.MESH: "Peers speak in turns before they answer, each turn a model call.",
        },
    ),
    Against(
        "parts",
        lambda t: t.parts is Parts.FIXED_ORDER,
        lambda t: "a fixed order",
        {
            Pattern.SWARM: "Agents take what they find, in no order.",
            Pattern.FAN_OUT: "All begin at once; a step could not see what the one before it made.",
        },
    ),
    Against(
        "accountable",
        lambda t: t.accountable,
        lambda t: "one accountable place",
        {
            Pattern.SWARM: "The result belongs to everybody who wrote on the board.",
            Pattern.MESH: "No agent sees all of the talk that led to the result.",
        },
    ),
    Against(
        "fault_tolerant",
        lambda t: t.fault_tolerant,
        lambda t: "fault tolerance",
        {Pattern.PIPELINE: "Each stage is on every task's way: one that is down stops them all."},
        unless={
            Pattern.WORKER: "A single orchestrator is on every task's way; several, with orchestrators=, are not."
        },
    ),
    Against(
        "tight_budget",
        lambda t: t.tight_budget,
        lambda t: "a tight budget",
        {Pattern.FAN_OUT: "Everybody is paid for every task, claimed 4-5 times one agent."},
    ),
    Against(
        "debuggable",
        lambda t: t.debuggable,
        lambda t: "must be debuggable",
        {
            Pattern.SWARM: "Who does what depends on timing; a second run goes another way.",
            Pattern.MESH: "Routes are not decided in one place; a second run goes another way.",
        },
    ),
    Against(
        "agents",
        lambda t: t.agents > MANY_PEERS,
        lambda t: f"{t.agents} agents",
        {Pattern.MESH: "Channels grow as N(N-1)/2: 3 to 8 peers, not more."},
    ),
)


def against(pattern: Pattern, traits: Traits) -> list[Against]:
    """The rules that hold and speak against a pattern."""
    return [rule for rule in AGAINST if rule.holds(traits) and pattern in rule.why]
