"""From a task's traits to the simplest pattern that fits. Pure; the rules are data in the modules around.

It begins with one agent, and stays there unless a reason rules it out (:mod:`.advice_reasons`). Then the way in which
the work divides names the pattern (:mod:`.advice_choice`), traits speak against some (:mod:`.advice_avoid`) and add
options (:mod:`.advice_options`) and cautions (:mod:`.advice_cautions`).
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from shoal.topologies.advice.avoid import AGAINST
from shoal.topologies.advice.cautions import CAUTIONS
from shoal.topologies.advice.choice import Choice, by_parts, choose
from shoal.topologies.advice.options import OPTIONS, arguments_for
from shoal.topologies.advice.patterns import FACTS, Pattern
from shoal.topologies.advice.reasons import REASONS, reasons_of
from shoal.topologies.advice.traits import Traits

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class Because(BaseModel):
    """A sentence, and the trait that it rests on."""

    model_config = _FROZEN

    trait: str
    """The field of :class:`Traits`."""
    text: str


class Avoid(BaseModel):
    """A pattern to avoid."""

    model_config = _FROZEN

    pattern: Pattern
    trait: str
    """The field of :class:`Traits` that speaks against it."""
    said: str
    """The trait in words."""
    why: str


class Conflict(BaseModel):
    """Traits that no pattern satisfies together, and what was made of them."""

    model_config = _FROZEN

    pattern: Pattern
    """What would fit but for the traits."""
    wanted: str
    """What asks for it."""
    traits: tuple[str, ...]
    """The fields of :class:`Traits` that speak against it."""
    against: str
    """The same in words."""
    least_bad: str
    """What was advised instead, or in spite of them, and what that loses."""


class Advice(BaseModel):
    """What to build, why, at what price, and what to measure."""

    model_config = _FROZEN

    pattern: Pattern
    title: str
    what: str
    """How the pattern works."""
    fits: str
    """What asks for a team of this kind, in words; with one agent, nothing."""
    call: str
    """The builder."""
    arguments: tuple[str, ...]
    """Its arguments in an example; names in capitals are agents and models of yours."""
    why: tuple[Because, ...]
    """The reasons why one agent is not enough; with one agent, none."""
    options: tuple[Because, ...]
    """What arguments are there because of a trait."""
    cost: tuple[float, float] | None
    """Claimed multiples of one agent's cost; ``None``: nothing is claimed."""
    calls: str
    """What can be counted where nothing is claimed."""
    conflict: Conflict | None
    avoid: tuple[Avoid, ...]
    cautions: tuple[Because, ...]
    inside: str
    """A team to put in the place of one of the members, or empty."""
    fails: dict[str, str]
    """How the pattern fails, by the builder's option that is against it."""
    grows_to: Pattern | None
    """With one agent: the pattern that the way in which the work divides asks for, should it not be enough."""
    measure: tuple[str, ...]
    """What to measure; with one agent, what would show that it is not enough."""

    @property
    def build(self) -> str:
        """The expression that makes the topology, on one line."""
        return f"{self.call}({', '.join(self.arguments)})"


def advice_for(traits: Traits) -> Advice:
    """The simplest pattern that fits. Every combination of traits has an answer."""
    reasons = reasons_of(traits)
    choice = choose(traits) if reasons else None
    pattern = choice.pattern if choice is not None else Pattern.SINGLE
    facts = FACTS[pattern]
    options = [one for one in OPTIONS if one.pattern is pattern and one.holds(traits)]
    fit = None if reasons else by_parts(traits)
    return Advice(
        pattern=pattern,
        title=facts.title,
        what=facts.what,
        call=f"shoal.{pattern}",
        arguments=arguments_for(pattern, traits),
        fits=choice.fit.said if choice is not None else "",
        why=tuple(Because(trait=one.trait, text=one.why(traits)) for one in reasons),
        options=tuple(Because(trait=one.trait, text=one.why) for one in options),
        cost=facts.cost,
        calls=facts.calls,
        conflict=_conflict(choice, traits),
        avoid=_avoid(pattern, traits),
        cautions=tuple(
            Because(trait=one.trait, text=one.text(traits, pattern))
            for one in CAUTIONS
            if pattern in one.patterns and one.holds(traits)
        ),
        inside=_inside(pattern, traits),
        fails=dict(facts.fails),
        grows_to=fit.pattern if fit is not None else None,
        measure=_measure(pattern, traits),
    )


def _conflict(choice: Choice | None, traits: Traits) -> Conflict | None:
    if choice is None or not choice.objections:
        return None
    return Conflict(
        pattern=choice.fit.pattern,
        wanted=choice.fit.said,
        traits=tuple(rule.trait for rule in choice.objections),
        against=" and ".join(rule.said(traits) for rule in choice.objections),
        least_bad=choice.fit.least_bad,
    )


def _avoid(advised: Pattern, traits: Traits) -> tuple[Avoid, ...]:
    """Every pattern that a trait speaks against; what is advised in spite of that is in the conflict."""
    return tuple(
        Avoid(pattern=pattern, trait=rule.trait, said=rule.said(traits), why=why)
        for rule in AGAINST
        if rule.holds(traits)
        for pattern, why in {**rule.why, **rule.unless}.items()
        if pattern is not advised
    )


def _inside(pattern: Pattern, traits: Traits) -> str:
    """A second look, where the work is divided besides."""
    if pattern in (Pattern.SINGLE, Pattern.DEBATE) or not (traits.reviewer or traits.accuracy_over_speed):
        return ""
    return f"shoal.{Pattern.DEBATE}({', '.join(FACTS[Pattern.DEBATE].arguments)})"


def _measure(pattern: Pattern, traits: Traits) -> tuple[str, ...]:
    if pattern is not Pattern.SINGLE:
        return (FACTS[pattern].measure,)
    return tuple(one.measure for one in REASONS if one.measure and not one.holds(traits))
