"""The line that builds a pattern, with the options that traits ask for. Rules as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shoal.topologies.advice.avoid import is_quick
from shoal.topologies.advice.choice import MANY_AGENTS
from shoal.topologies.advice.patterns import FACTS, Pattern
from shoal.topologies.advice.traits import Parts, Traits

_FEWEST, _MOST = 3, 100
"""Agents of a swarm that the line names."""

_Holds = Callable[[Traits], bool]


@dataclass(frozen=True, slots=True)
class Option:
    """What the line says more, because of a trait."""

    pattern: Pattern
    trait: str
    holds: _Holds
    text: Callable[[Traits], str]
    why: str


@dataclass(frozen=True, slots=True)
class Example:
    """Other arguments than the pattern's own, because of traits."""

    pattern: Pattern
    holds: _Holds
    arguments: tuple[str, ...]


def _divides(traits: Traits) -> bool:
    """Whether workers get parts of one task, and not each a task of its own."""
    return traits.parts in (Parts.INDEPENDENT, Parts.UNKNOWN) or not traits.context_fits


EXAMPLES = (
    Example(
        Pattern.WORKER,
        lambda t: t.parts in (Parts.INDEPENDENT, Parts.UNKNOWN),
        ("[Reader(), Reader(), Reader()]",),
    ),
)

OPTIONS = (
    Option(
        Pattern.WORKER, "parts", _divides, lambda t: "split=divide",
        "split: makes the parts of a task, by a function or an agent",
    ),
    Option(
        Pattern.WORKER, "parts", _divides, lambda t: "merge=put_together",
        "merge: makes one answer of the parts' answers",
    ),
    Option(
        Pattern.WORKER, "fault_tolerant", lambda t: t.fault_tolerant, lambda t: "orchestrators=3",
        "orchestrators: one that dies stops nothing",
    ),
    Option(
        Pattern.WORKER, "agents", lambda t: t.agents >= MANY_AGENTS and not t.fault_tolerant,
        lambda t: "orchestrators=3", "orchestrators: one alone is the bottleneck of so many workers",
    ),
    Option(
        Pattern.PIPELINE, "fault_tolerant", lambda t: t.fault_tolerant,
        lambda t: 'replicas={"extract": 2, "draft": 2}',
        "replicas: a task finds one of a stage that lives",
    ),
    Option(
        Pattern.FAN_OUT, "latency_s", lambda t: t.latency_s is not None,
        lambda t: f"deadline_s={0.8 * (t.latency_s or 0.0):.3g}",
        "deadline_s: what is not there by then is cut off; with quorum=, fewer answers are enough",
    ),
    Option(
        Pattern.FAN_OUT, "accountable", lambda t: t.accountable or t.debuggable, lambda t: "report=True",
        "report: the answer says who said what, who dissented, who is missing",
    ),
    Option(
        Pattern.FAN_OUT, "fault_tolerant", lambda t: t.fault_tolerant, lambda t: "fronts=3",
        "fronts: several collect answers; one that dies stops nothing",
    ),
    Option(
        Pattern.SWARM, "agents", lambda t: True, lambda t: f"count={min(max(t.agents, _FEWEST), _MOST)}",
        "count: copies of one agent; more can be added while they work",
    ),
    Option(
        Pattern.SWARM, "tight_budget", lambda t: t.tight_budget, lambda t: "items_each=20",
        "items_each: what one agent may do of a task",
    ),
    Option(
        Pattern.MESH, "tight_budget", lambda t: t.tight_budget, lambda t: "turns=24",
        "turns: messages that a task may cost, in all",
    ),
    Option(
        Pattern.DEBATE, "latency_s", is_quick, lambda t: "rounds=1",
        "rounds: there is time for one",
    ),
    Option(
        Pattern.DEBATE, "accountable", lambda t: t.accountable or t.debuggable, lambda t: "record=True",
        "record: the answer says who objected to what, and what changed",
    ),
    Option(
        Pattern.HANDOFF, "accountable", lambda t: t.accountable or t.debuggable, lambda t: "record=True",
        "record: the answer has the path, each transfer with its reason",
    ),
)  # fmt: skip


def arguments_for(pattern: Pattern, traits: Traits) -> tuple[str, ...]:
    """The builder's arguments in an example that suits the traits."""
    own = next((one.arguments for one in EXAMPLES if one.pattern is pattern and one.holds(traits)), None)
    options = (one.text(traits) for one in OPTIONS if one.pattern is pattern and one.holds(traits))
    return (*(own or FACTS[pattern].arguments), *options)
