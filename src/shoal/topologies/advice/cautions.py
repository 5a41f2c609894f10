"""What to mind with the pattern that was chosen, because of a trait. Rules as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shoal.topologies.advice.avoid import QUICK_S, is_quick
from shoal.topologies.advice.patterns import Pattern, claimed
from shoal.topologies.advice.reasons import is_divided
from shoal.topologies.advice.traits import Parts, Routing, Traits

FEW_WORKERS = 8
"""Past 5 to 8 workers, an orchestrator is claimed to lose sight of them."""
_LEVELS_S = 12.0
"""Claimed of three levels of a hierarchy: 6 to 12 s."""


@dataclass(frozen=True, slots=True)
class Caution:
    """What to mind, because of a trait."""

    patterns: frozenset[Pattern]
    trait: str
    holds: Callable[[Traits], bool]
    text: Callable[[Traits, Pattern], str]


_TEAMS = frozenset(Pattern) - {Pattern.SINGLE}

CAUTIONS = (
    Caution(
        frozenset({Pattern.SINGLE}), "agents", lambda t: t.agents > 1,
        lambda t, p: f"{t.agents} agents are a plan, not a reason: nothing that you said needs more than one.",
    ),
    Caution(
        frozenset({Pattern.SINGLE}), "fault_tolerant", lambda t: t.fault_tolerant,
        lambda t, p: "One agent is no weak point: durable = True keeps its state and its messages when it dies, and "
        "shoal.replicas(agent, n) is several behind one address.",
    ),
    Caution(
        frozenset({Pattern.SINGLE}), "tight_budget", lambda t: t.tight_budget,
        lambda t, p: "Nothing is cheaper than this.",
    ),
    Caution(
        frozenset({Pattern.DEBATE, Pattern.HANDOFF, Pattern.HIERARCHY}), "fault_tolerant", lambda t: t.fault_tolerant,
        lambda t, p: "Who leads the team is one agent. When it dies it is started again, and leads its tasks again; "
        "members that are durable do nothing twice.",
    ),
    Caution(
        _TEAMS - {Pattern.FAN_OUT}, "tight_budget", lambda t: t.tight_budget,
        lambda t, p: f"The budget is tight, and this costs {claimed(p)}: compare with one agent before you stay.",
    ),
    Caution(
        _TEAMS, "permissions_differ", lambda t: t.permissions_differ,
        lambda t, p: "Give each agent the tools of its own part and no others: that is what the division is for.",
    ),
    Caution(
        _TEAMS - {Pattern.HIERARCHY}, "context_fits", lambda t: not t.context_fits,
        lambda t, p: "Pass fields or a summary on, not the whole history (shoal.edge), or the context overflows "
        "again, one agent later.",
    ),
    Caution(
        frozenset({Pattern.WORKER}), "agents", lambda t: t.agents > FEW_WORKERS,
        lambda t, p: f"{t.agents} workers: past 5-8 an orchestrator is claimed to lose sight of them. Workers of one "
        "kind behind one name (shoal.replicas) count as one.",
    ),
    Caution(
        frozenset({Pattern.FAN_OUT}), "agents", lambda t: t.agents > FEW_WORKERS,
        lambda t, p: f"{t.agents} members at once share one rate limit, and their contradictions grow as N(N-1)/2: "
        "5-8 are claimed to be right.",
    ),
    Caution(
        frozenset({Pattern.FAN_OUT}), "parts", lambda t: t.parts is Parts.INDEPENDENT,
        lambda t, p: "Every member gets the whole task. Where a task has to be cut into parts, take "
        "shoal.worker([...], split=..., merge=...).",
    ),
    Caution(
        frozenset({Pattern.PIPELINE}), "latency_s", is_quick,
        lambda t, p: f"Under {QUICK_S:g} s: four stages are claimed to add about 0.95 s to 0.5 s of work. Two, "
        "then.",
    ),
    Caution(
        frozenset({Pattern.PIPELINE}), "routing", lambda t: t.routing is Routing.ON_THE_WAY,
        lambda t, p: "The order is fixed, and yet who is next is known only on the way: one of the two is not so. "
        "Stages that are not always needed: skip=. No order: --parts known.",
    ),
    Caution(
        frozenset({Pattern.PIPELINE}), "agents", lambda t: t.agents > 4,
        lambda t, p: f"{t.agents} agents are not {t.agents} stages: 3 or 4, of which one may be a team.",
    ),
    Caution(
        frozenset({Pattern.HIERARCHY}), "latency_s", lambda t: t.latency_s is not None and t.latency_s < _LEVELS_S,
        lambda t, p: f"{t.latency_s:g} s: three levels are claimed to take 6-12 s. Two levels, and cut= for "
        "stragglers.",
    ),
    Caution(
        frozenset({Pattern.HIERARCHY, Pattern.SWARM, Pattern.MESH}), "routing",
        lambda t: t.routing is Routing.ON_THE_WAY,
        lambda t, p: "Who is right for a part is known only on the way: a member can itself be a shoal.handoff.",
    ),
    Caution(
        frozenset({Pattern.DEBATE}), "latency_s", is_quick,
        lambda t, p: f"A second look within {t.latency_s:g} s: two model calls, one after the other. Measure first "
        "whether they fit; if not, check in code (checks=), or afterwards.",
    ),
    Caution(
        frozenset({Pattern.DEBATE}), "reviewer",
        lambda t: t.accuracy_over_speed and not t.reviewer and not is_divided(t),
        lambda t, p: "You did not say that a reviewer finds what the author misses. Measure that first: with 30 "
        "answers and a second agent that has other instructions.",
    ),
    Caution(
        frozenset({Pattern.SWARM}), "latency_s", lambda t: t.latency_s is not None,
        lambda t, p: "A search does not know when it is done. Ask with timeout_s=: shortly before, at cut= of it, the "
        "swarm answers with what there is.",
    ),
)  # fmt: skip
