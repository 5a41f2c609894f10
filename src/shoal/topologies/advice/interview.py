"""Which question is next, and which matter no more. Pure: nobody is asked here.

First what may rule out one agent, then what may change the pattern or its line. A question that can change neither is
not asked: :func:`matters` tries its answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

from shoal.topologies.advice.advice import advice_for
from shoal.topologies.advice.choice import MANY_AGENTS
from shoal.topologies.advice.reasons import is_divided, reasons_of
from shoal.topologies.advice.traits import Parts, Routing, Traits

Kind = Literal["choice", "yes-no", "number", "seconds"]


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a person."""

    trait: str
    kind: Kind
    text: str
    means: str = ""
    """What is meant, or what it is good for."""
    choices: tuple[tuple[str, str], ...] = ()
    """Of a choice: values, and what each means."""
    asked: Callable[[Traits], bool] = lambda traits: True
    """Whether it is worth asking; what it could change is looked at besides, where ``tries`` are given."""
    tries: tuple[Any, ...] = ()
    """Answers of which one at least must change the advice, or it is not asked."""


PARTS = (
    (Parts.ONE, "it does not: one piece of work"),
    (Parts.KNOWN, "kinds of work that you can name, each for a specialist"),
    (Parts.FIXED_ORDER, "steps, always in the same order"),
    (Parts.INDEPENDENT, "parts that need nothing of one another, best side by side"),
    (Parts.UNKNOWN, "a search: nobody can say beforehand which parts there are"),
    (Parts.REFINED, "one thing that several improve in turns"),
)
ROUTING = (
    (Routing.KNOWN, "from the task itself"),
    (Routing.ON_THE_WAY, "only when somebody has begun it"),
)


def _kinds_matter(traits: Traits) -> bool:
    ordered = (Parts.FIXED_ORDER, Parts.UNKNOWN, Parts.REFINED)
    return not is_divided(traits) or traits.parts not in ordered


def _is_team(traits: Traits) -> bool:
    return bool(reasons_of(traits))


QUESTIONS = (
    Question("parts", "choice", "How does the work divide?", choices=PARTS),
    Question(
        "context_fits", "yes-no", "Does a task fit one model's context?",
        "all that it must read and say, with a third of the context to spare",
        asked=lambda t: not is_divided(t),
    ),
    Question(
        "tools", "number", "How many tools does it need?", "all of its parts together",
        asked=lambda t: not is_divided(t),
    ),
    Question(
        "permissions_differ", "yes-no", "Do permissions differ within a task?",
        "some of it needs rights that the rest must not have",
        asked=lambda t: not is_divided(t),
    ),
    Question(
        "skills", "number", "How many kinds of work need instructions or a model of their own?",
        "1: the same instructions serve all of it", asked=_kinds_matter,
    ),
    Question(
        "reviewer", "yes-no", "Does a separate reviewer find what the author misses?",
        "yes, if you saw it happen",
    ),
    Question(
        "accuracy_over_speed", "yes-no", "Is being right worth more time and money?",
        "twice of both, for example", asked=lambda t: not t.reviewer,
    ),
    Question(
        "agents", "number", "How many agents do you expect to work on it?", tries=(9, MANY_AGENTS), asked=_is_team
    ),
    Question(
        "routing", "choice", "When is it known who must do a task?", choices=ROUTING,
        tries=(Routing.ON_THE_WAY,), asked=_is_team,
    ),
    Question(
        "latency_s", "seconds", "Within how many seconds must an answer be there?", "Enter: no limit",
        tries=(1.0, 30.0), asked=_is_team,
    ),
    Question(
        "accountable", "yes-no", "Must one place answer for the result?", "as for an audit",
        tries=(True,), asked=_is_team,
    ),
    Question(
        "debuggable", "yes-no", "Must you be able to follow afterwards why it did what it did?",
        "and run it again with the same result", tries=(True,), asked=_is_team,
    ),
    Question(
        "fault_tolerant", "yes-no", "Must it go on while any part of it is down?", tries=(True,), asked=_is_team
    ),
    Question("tight_budget", "yes-no", "Is the budget tight?", "tokens, or money", tries=(True,), asked=_is_team),
)  # fmt: skip


def next_question(traits: Traits, answered: Collection[str]) -> Question | None:
    """The next one that matters, after what was answered so far. ``None``: none that is left could change anything."""
    for question in QUESTIONS:
        if question.trait not in answered and question.asked(traits) and matters(question, traits):
            return question
    return None


def matters(question: Question, traits: Traits) -> bool:
    """Whether an answer could change what is built."""
    if not question.tries:
        return True
    now = advice_for(traits)
    others = (advice_for(traits.model_copy(update={question.trait: answer})) for answer in question.tries)
    return any((other.pattern, other.build) != (now.pattern, now.build) for other in others)
