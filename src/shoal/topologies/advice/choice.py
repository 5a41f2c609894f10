"""Which pattern fits, once one agent is not enough. Rules as data, the first that holds is taken.

Where a trait speaks against the pattern that fits, the least bad one is taken instead, and what is lost by it is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shoal.topologies.advice.avoid import Against, against
from shoal.topologies.advice.patterns import Pattern
from shoal.topologies.advice.reasons import is_divided, reasons_of
from shoal.topologies.advice.traits import Parts, Routing, Traits

MANY_AGENTS = 20
"""So many, of several kinds, are more than one orchestrator can lead."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A pattern that fits what ``holds``."""

    pattern: Pattern
    holds: Callable[[Traits], bool]
    said: str
    """What asks for the pattern, in words."""
    instead: Pattern
    """What to take when a trait speaks against it; nothing speaks against these. Itself: there is nothing else."""
    least_bad: str = ""
    """What the other choice, or this one in spite of everything, means."""


_BY_PARTS = (
    Fit(
        Pattern.PIPELINE,
        lambda t: t.parts is Parts.FIXED_ORDER,
        "steps in a fixed order",
        Pattern.PIPELINE,
        "No other pattern keeps the order. Take it with several agents a stage, so that a task finds one that "
        "lives while a dead one is started again.",
    ),
    Fit(
        Pattern.SWARM,
        lambda t: t.parts is Parts.UNKNOWN,
        "a search whose parts nobody knows beforehand",
        Pattern.WORKER,
        "Workers search what one place plans for each task, which can be followed and answered for. What the plan "
        "does not think of, nobody finds.",
    ),
    Fit(
        Pattern.MESH,
        lambda t: t.parts is Parts.REFINED,
        "peers that improve one thing in turns",
        Pattern.DEBATE,
        "A maker and checkers improve it in bounded rounds, each objection on record. Peers cannot address "
        "one another.",
    ),
    Fit(
        Pattern.HIERARCHY,
        lambda t: t.agents >= MANY_AGENTS and t.skills > 1,
        "many agents of several kinds",
        Pattern.WORKER,
        "One level of workers answers soonest. The orchestrator is then the bottleneck: take several, and workers that "
        "answer with summaries.",
    ),
    Fit(
        Pattern.FAN_OUT,
        lambda t: t.parts is Parts.INDEPENDENT,
        "parts that need nothing of one another",
        Pattern.WORKER,
        "Each part goes to one worker, and is paid for once; no second opinion. Cheapest of all is one agent that does "
        "part after part: it takes longest.",
    ),
)

FITS = (
    Fit(
        Pattern.DEBATE,
        lambda t: bool(reasons_of(t)) and not is_divided(t),
        "a second look",
        Pattern.DEBATE,
    ),
    *_BY_PARTS,
    Fit(
        Pattern.HANDOFF,
        lambda t: t.routing is Routing.ON_THE_WAY,
        "a specialist who is known only on the way",
        Pattern.HANDOFF,
    ),
    Fit(Pattern.WORKER, lambda t: True, "work for known specialists", Pattern.WORKER),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What was taken, for what, and what spoke against the pattern that fits."""

    pattern: Pattern
    fit: Fit
    objections: tuple[Against, ...]


def choose(traits: Traits) -> Choice:
    """The pattern of more than one agent that fits, or the least bad one."""
    fit = next(fit for fit in FITS if fit.holds(traits))
    objections = tuple(against(fit.pattern, traits))
    return Choice(fit.instead if objections else fit.pattern, fit, objections)


def by_parts(traits: Traits) -> Fit | None:
    """What the way in which the work divides asks for, whether one agent is enough or not."""
    return next((fit for fit in _BY_PARTS if fit.holds(traits)), None)
