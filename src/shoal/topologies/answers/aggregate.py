"""What makes one answer of several: the seam between those who gather answers and those who decide. Pure.

::

    aggregate.check({"a": (Label,), "b": (Label,)}) -> (Label,)      # at build: do the members' answers fit?
    aggregate.objection(answer) -> ""                                # each answer that comes: why it is not usable
    aggregate.combine(message, {"a": ..., "b": ...}) -> Outcome      # what becomes of them
    aggregate(message, {"a": ..., "b": ...}) -> answer               # the same; raises Undecided

Answers come by the name of who gave them (a member, a subtask), in the members' order and not in that of arrival, so
that the same answers always make the same outcome. One with a ``writer`` leaves the last word to an agent: its
``combine`` makes the message that the agent is asked (see :mod:`.synthesis`).
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from shoal.runtime.errors import ConfigError
from shoal.topologies.errors import Undecided
from shoal.topologies.tree.contradictions import Contradiction
from shoal.topologies.wiring.excerpt import excerpt, excerpts
from shoal.topologies.wiring.signature import Kinds, kinds_of, signature_of_function

Answers = Mapping[str, Any]
"""Usable answers by who gave them."""
_MOST = 10
"""Votes, names of each and contradictions that an error lists."""
_SHOWN = 60


class Position(BaseModel):
    """One of the answers that were given, and who stands by it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    """What is compared of the answer, as text."""
    by: tuple[str, ...]
    """Names, in the members' order."""
    weight: float
    """Of their votes together; where every vote counts the same, how many they are."""


@dataclass(frozen=True)
class Outcome:
    """What became of the answers."""

    answer: Any = None
    """The team's; for an aggregate with a ``writer``, what the writer is asked."""
    undecided: str = ""
    """Why there is none; empty when there is one."""
    votes: tuple[Position, ...] = ()
    """The count, most votes first. Empty where nothing is voted on."""
    conflicts: tuple[Contradiction, ...] = ()
    """Where the answers contradict each other, also what a rule resolved."""
    dissent: tuple[str, ...] = ()
    """Who gave another answer than the one that stands."""


class Aggregate(ABC):
    """See the module. Travels to the front's process: keep it picklable, and without state that changes."""

    label: str = "combined"
    """In pictures and errors."""
    writer: Any = None
    """An agent, a team or an edge that the team starts as a member and asks last; ``None``: nobody."""

    @abstractmethod
    def check(self, answers: Mapping[str, Kinds]) -> Kinds:
        """The types of the team's answers, from those of each who gives one.

        Raises :class:`ConfigError`, without the name of the pattern, for answers that cannot be made one. With a
        ``writer`` its signature says what is returned, and this ``None``.
        """

    @abstractmethod
    def combine(self, message: Any, answers: Answers, missing: Collection[str] = ()) -> Outcome:
        """What becomes of usable answers to ``message``. ``missing``: who gave none."""

    def objection(self, answer: Any) -> str:
        """Why an answer cannot count; empty when it can. ``None`` is no answer."""
        return "it answered nothing (None)" if answer is None else ""

    decides_always: bool = False
    """Whether every set of usable answers has an answer, so that one that is large enough need not be tried."""
    settles: bool = False
    """Whether ``settled`` can be true before all have answered."""

    def vote(self, answer: Any) -> str:
        """What of a usable answer decides, for ``settled``: found once for each answer, and kept."""
        return ""

    def settled(self, votes: Mapping[str, str], others: Collection[str]) -> bool:
        """Whether the outcome is the same whatever ``others`` say, and whoever of them says nothing."""
        return False

    def __call__(self, message: Any, answers: Answers) -> Any:
        """The answer. Raises :class:`Undecided`."""
        outcome = self.combine(message, answers)
        if outcome.undecided:
            raise undecided_error(outcome, answers)
        return outcome.answer


def undecided_error(outcome: Outcome, answers: Answers) -> Undecided:
    """The outcome as an error: what came, cut to what an error can carry."""
    return Undecided(
        outcome.undecided,
        votes=[
            {"text": excerpt(one.text, _SHOWN), "by": list(one.by[:_MOST]), "weight": one.weight}
            for one in outcome.votes[:_MOST]
        ],
        conflicts={one.about: excerpts(one.values) for one in outcome.conflicts[:_MOST]},
        answers=excerpts(answers),
    )


class ByFunction(Aggregate):
    """A plain function ``(message, answers) -> answer``."""

    decides_always = True

    def __init__(self, function: Callable[[Any, Answers], Any]) -> None:
        self._function = function
        self.label = getattr(function, "__name__", type(function).__name__).strip("<>")

    def check(self, answers: Mapping[str, Kinds]) -> Kinds:
        """What the function says that it returns."""
        return kinds_of(signature_of_function(self._function)[1])

    def combine(self, message: Any, answers: Answers, missing: Collection[str] = ()) -> Outcome:
        """Call it."""
        return Outcome(self._function(message, answers))


def aggregate_of(by: Any) -> Aggregate:
    """An aggregate as it is, a plain function as one. Raises :class:`ConfigError`, without the pattern's name."""
    if isinstance(by, Aggregate):
        return by
    if inspect.iscoroutinefunction(by):
        raise ConfigError(
            f"by is {by.__name__!r}, an async function; async work belongs to an agent: shoal.synthesize({by.__name__})"
        )
    if not callable(by) or isinstance(by, type):
        raise ConfigError(
            f"by is {by!r}; give a vote (shoal.majority_vote()), shoal.merge_by_schema(Model), "
            "shoal.synthesize(agent), shoal.concatenate(), or a plain function (message, answers) -> answer"
        )
    return ByFunction(by)
