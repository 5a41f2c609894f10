"""Which types of messages come to which place of a graph, as far as annotations say. Pure.

A condition narrows what goes its way: a type lets its own through, a function what its parameter is annotated with.
What is not narrowed away has to be accepted where it comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from shoal.runtime.codec import NATIVE
from shoal.runtime.errors import ConfigError
from shoal.topologies.drawn.plan import Join, Plan, Sort, Way
from shoal.topologies.wiring.signature import (
    Kinds,
    Signature,
    either,
    kinds_of,
    signature_of_function,
    type_names,
)


class Flowing:
    """The types that come to each place of a graph, and that leave it, when some come to the first."""

    def __init__(self, plan: Plan, signatures: Mapping[str, Signature], begin: Kinds) -> None:
        self._plan = plan
        self._signatures = signatures
        self._check = False
        self._coming: dict[str, Kinds] = {plan.first: begin}
        queue = [plan.first]
        while queue:
            queue.extend(self._spread(queue.pop()))

    def check(self) -> None:
        """Raise :class:`ConfigError` for what a place does not accept, and for conditions that never hold."""
        self._check = True  # only now: before, not everything that comes had come
        for place in self._coming.copy():
            list(self._spread(place))
        self._check = False

    def leaving(self, place: str) -> Kinds:
        """What a place answers, of what comes to it; nothing when nothing comes."""
        if place not in self._coming:
            return ()
        coming = self._coming[place]
        if place in self._signatures:
            return self._signatures[place].answers_to(coming)
        return _joined(place, self._plan.joins[place], coming, check=self._check)

    def _spread(self, place: str) -> Iterator[str]:
        """Send what leaves a place on; yields those to which something new comes."""
        leaving = rest = self.leaving(place)
        node = self._plan.nodes.get(place)
        for way in self._plan.ways.get(place, ()):
            flowing = self._through(way, rest)
            if node is None or node.take == "first":
                rest = _without(rest, way)
            for receiver in way.receivers:
                for one in self._stops(receiver):
                    if self._come(way, one, flowing, leaving):
                        yield one

    def _stops(self, receiver: str) -> Iterator[str]:
        yield receiver
        node = self._plan.nodes.get(receiver)
        if node is not None and node.then is not None:
            yield node.then

    def _come(self, way: Way, place: str, flowing: Kinds, leaving: Kinds) -> bool:
        if flowing is not None and not flowing and leaving:
            return False  # nothing of what may come goes this way
        accepted = self._signatures.get(place)
        if accepted is not None:
            flowing = self._accepted(way, place, flowing, accepted)
        known = self._coming.get(place, ())
        coming = either((known, flowing))
        self._coming[place] = coming
        return coming != known

    def _accepted(self, way: Way, place: str, flowing: Kinds, accepted: Signature) -> Kinds:
        taken = None if flowing is None else tuple(kind for kind in flowing if accepted.takes(kind))
        if flowing is None or taken == flowing or not self._check:
            return taken
        if taken and way.test is not None and way.kinds is None:
            return taken  # the condition may well hold for those only
        wrong = tuple(kind for kind in flowing if not accepted.takes(kind))
        raise ConfigError(
            f"graph: {way.sender!r} returns {type_names(wrong)}, which {place!r} does not accept (it accepts "
            f"{type_names(accepted.accepts)})"
        )

    def _through(self, way: Way, kinds: Kinds) -> Kinds:
        if way.kinds is None:
            return kinds
        if kinds is None:
            return way.kinds
        passed = tuple(kind for kind in kinds if any(_below(kind, one) for one in way.kinds))
        if not passed and self._check and kinds:
            raise ConfigError(
                f"graph: the condition of the edge {way.sender!r} -> {way.receivers[0]!r} never holds: it is for "
                f"{type_names(way.kinds)}, and there is only {type_names(kinds)}"
            )
        return passed


def graph_signature(plan: Plan, signatures: Mapping[str, Signature]) -> Signature:
    """What the first node accepts, and what the ends make of it."""
    answers: dict[type, Kinds] = {}
    for kind in signatures[plan.first].answers:
        flowing = Flowing(plan, signatures, None if kind is object else (kind,))
        answers[kind] = either(flowing.leaving(end) for end in sorted(plan.ends))
    return Signature(answers)


def _joined(name: str, join: Join, coming: Kinds, *, check: bool) -> Kinds:
    if join.by is not None:
        return kinds_of(signature_of_function(join.by)[1])
    if join.need == 1:
        return coming
    models = tuple(kind for kind in coming or () if kind not in NATIVE)
    if models and check:
        raise ConfigError(
            f"graph: {type_names(models)} come to the join {name!r}, and a dict of models is no message: give by=, "
            "which makes one message of them"
        )
    return (dict,)


def _without(kinds: Kinds, way: Way) -> Kinds:
    """What is left for the ways after this one: a type takes all of its own, a function perhaps not."""
    if kinds is None or way.sort is not Sort.WHEN or way.test is not None or way.kinds is None:
        return kinds
    return tuple(kind for kind in kinds if not any(_below(kind, one) for one in way.kinds))


def _below(kind: type, above: type) -> bool:
    return issubclass(kind, above) if issubclass(above, BaseModel) else kind is above
