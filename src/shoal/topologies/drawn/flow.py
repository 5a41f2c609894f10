"""One task's way through a graph, as a machine without clock or agents: what happened goes in, what to do comes out.

::

    flow = Flow(plan, befores(plan))
    flow.begin(message)            -> Run, ... , Done
    flow.answered(step, answer)    -> what follows from a node's answer
    flow.agreed(join, steps)       -> what follows once it is recorded which answers a join takes

Steps are named by their way: a step's id is made of the id before it and its node, that of a join of those it took. So
each step has the same id when a task is led again, in whatever order answers come, and the flow decides the same.
The one thing that depends on the order of answers is which of them a join takes that does not wait for all: that is
asked of who performs (``Agree``), who records it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from shoal.topologies.drawn.plan import Join, Node, Plan, Sort, Way
from shoal.topologies.errors import LoopLimit, NoWay, Unjoined


class Run(NamedTuple):
    """Ask a node."""

    step: str
    node: str
    message: Any


class Cut(NamedTuple):
    """Give these steps up: a join went on without them."""

    steps: tuple[str, ...]


class Agree(NamedTuple):
    """Record under ``key`` that the join takes ``steps``, or find what is recorded; then tell :meth:`Flow.agreed`."""

    join: str
    key: str
    steps: tuple[str, ...]


class Done(NamedTuple):
    """The task's result. The last action there is."""

    result: Any


Action = Run | Cut | Agree | Done
Visits = Mapping[str, int]


class _Step(NamedTuple):
    """An answer that is awaited, or that has come to a join; by ``id`` in what holds it."""

    place: str
    """The node that runs; at a join, who sent it."""
    value: Any
    visits: Visits


class Flow:
    """See the module. Raises :class:`NoWay`, :class:`LoopLimit` and :class:`Unjoined`; then the task has failed."""

    def __init__(self, plan: Plan, befores: Mapping[str, frozenset[str]]) -> None:
        self._plan = plan
        self._befores = befores
        self._running: dict[str, _Step] = {}
        self._waiting: dict[str, dict[str, _Step]] = {}
        """At joins; empty ones are not kept."""
        self._chosen: dict[str, tuple[str, ...] | None] = {}
        """Of joins that may not wait for all: what was agreed on, ``None`` until it is."""
        self._rounds: dict[str, int] = {}
        self._ended: list[tuple[str, Any]] = []
        self._steps = 0

    def begin(self, message: Any) -> list[Action]:
        """The task begins."""
        actions: list[Action] = []
        self._enter(actions, "", "", self._plan.first, message, {})
        return actions

    def answered(self, step: str, answer: Any) -> list[Action]:
        """A node answered. One that was cut says nothing any more."""
        actions: list[Action] = []
        ran = self._running.pop(step, None)
        if ran is not None:
            self._leave(actions, step, ran.place, answer, ran.visits)
            self._settle(actions)
        return actions

    def agreed(self, join: str, steps: Sequence[str]) -> list[Action]:
        """It is recorded which answers the join takes. They may be on their way yet."""
        actions: list[Action] = []
        if join in self._chosen:  # else it was cut meanwhile
            self._chosen[join] = tuple(steps)
            self._settle(actions)
        return actions

    # -- from place to place -------------------------------------------------------------------------------

    def _leave(self, actions: list[Action], step: str, place: str, answer: Any, visits: Visits) -> None:
        receivers = self._receivers(place, answer)
        if receivers:
            for receiver in receivers:
                self._enter(actions, step, place, receiver, answer, visits)
            return
        if place not in self._plan.ends:
            ways = self._plan.ways[place]
            tried = ", ".join(f"{'/'.join(way.receivers)} ({way.label})" for way in ways)
            raise NoWay(
                f"no condition held for what {place!r} answered, a {type(answer).__name__}: {tried}. Give it an "
                "otherwise()",
                node=place,
            )
        self._ended.append((place, answer))
        if len(self._ended) > 1:
            (one, _), (other, _) = self._ended
            raise Unjoined(f"two branches ended apart, at {one!r} and {other!r}: join them before the end")

    def _receivers(self, place: str, answer: Any) -> tuple[str, ...]:
        ways = self._plan.ways.get(place, ())
        first = self._plan.nodes.get(place, _JOINING).take == "first"
        taken: list[Way] = []
        for way in ways:
            if way.sort is not Sort.ELSE and _holds(way, answer):
                taken.append(way)
                if first:
                    break
        if not taken:
            taken = [way for way in ways if way.sort is Sort.ELSE]
        return tuple(dict.fromkeys(receiver for way in taken for receiver in way.receivers))

    def _enter(
        self, actions: list[Action], step: str, sender: str, place: str, message: Any, visits: Visits
    ) -> None:
        if place in self._plan.joins:
            self._wait(sender, step, place, message, visits)
            return
        node, diverted = self._plan.nodes[place], [place]
        while node.most is not None and visits.get(place, 0) >= node.most:
            if node.then is None or node.then in diverted:
                raise LoopLimit(
                    f"{place!r} was visited {node.most} times, and {sender!r} sends to it again; give it more (most=), "
                    "or say where to go then (then=)",
                    node=place,
                )
            place = node.then
            node = self._plan.nodes[place]
            diverted.append(place)
        if node.most is not None:
            visits = {**visits, place: visits.get(place, 0) + 1}
        self._steps += 1
        if self._steps > self._plan.most_steps:
            raise LoopLimit(f"{self._plan.most_steps} steps were taken without an end (most_steps)")
        new = _id(step, place)
        if new in self._running:
            return  # two ways were diverted to one place, with one answer
        self._running[new] = _Step(place, message, visits)
        actions.append(Run(new, place, message))

    # -- joins ---------------------------------------------------------------------------------------------

    def _wait(self, sender: str, step: str, join: str, answer: Any, visits: Visits) -> None:
        here = self._waiting.setdefault(join, {})
        if any(one.place == sender for one in here.values()):
            raise Unjoined(
                f"{sender!r} came to the join {join!r} twice: what divides again on the way has to be joined on the "
                "way",
                join=join,
            )
        here[step] = _Step(sender, answer, visits)

    def _settle(self, actions: list[Action]) -> None:
        """Go on from every join that can; end when nothing is left."""
        while self._waiting and (self._go_on(actions) or self._break_tie(actions)):
            pass
        if not self._running and not self._waiting:
            (_, result), *_ = self._ended
            actions.append(Done(result))

    def _go_on(self, actions: list[Action]) -> bool:
        """Let one join go on, if one can."""
        for join in [name for name in self._plan.joins if name in self._waiting]:
            steps = self._steps_for(actions, join)
            if steps:
                self._fire(actions, join, steps)
                return True
        return False

    def _steps_for(self, actions: list[Action], join: str) -> tuple[str, ...]:
        """What a join goes on with; nothing while it waits."""
        here, need = self._waiting[join], self._plan.joins[join].need
        if need is None:
            return () if self._may_come(join) else tuple(here)
        if join in self._chosen:
            chosen = self._chosen[join]
            return chosen if chosen is not None and all(step in here for step in chosen) else ()
        if len(here) >= need:
            self._chosen[join] = None
            actions.append(Agree(join, self._key(join), tuple(here)[:need]))
        elif not self._may_come(join):
            raise self._too_few(join)
        return ()

    def _key(self, join: str) -> str:
        """Names this round of a join. How often it went on counts from the last time that another one cut it off:
        whether it did so before that depends on the order of answers."""
        cutting = (self._rounds.get(other, 0) for other, before in self._befores.items() if join in before)
        return f"join/{join}/{sum(cutting)}/{self._rounds.get(join, 0)}"

    def _may_come(self, join: str) -> bool:
        before = self._befores[join]
        return any(step.place in before for step in self._running.values()) or any(
            other in before for other in self._waiting if other != join
        )

    def _break_tie(self, actions: list[Action]) -> bool:
        """Joins that wait for one another, and nothing runs: the first one that can goes on without the others."""
        if self._running or None in self._chosen.values() or not self._waiting:
            return False
        waiting = [name for name in self._plan.joins if name in self._waiting]
        for join in waiting:
            if self._plan.joins[join].need is None:
                self._fire(actions, join, tuple(self._waiting[join]))
                return True
        raise self._too_few(waiting[0])

    def _too_few(self, join: str) -> Unjoined:
        here, need = self._waiting[join], self._plan.joins[join].need
        came = ", ".join(sorted(repr(step.place) for step in here.values()))
        return Unjoined(
            f"the join {join!r} needs {need} answers, and no more than {len(here)} can come ({came}): the other "
            "branches went elsewhere",
            join=join,
        )

    def _fire(self, actions: list[Action], join: str, steps: tuple[str, ...]) -> None:
        rule = self._plan.joins[join]
        here = self._waiting.pop(join)
        self._chosen.pop(join, None)
        self._rounds[join] = self._rounds.get(join, 0) + 1
        taken = {here[step].place: here[step] for step in steps}
        answers = {name: taken[name].value for name in rule.of if name in taken}
        if rule.need is not None:
            self._cut(actions, join)
        visits: dict[str, int] = {}
        for one in taken.values():
            for name, count in one.visits.items():
                visits[name] = max(count, visits.get(name, 0))
        self._leave(actions, _id(*sorted(steps), join), join, _merged(join, rule, answers), visits)

    def _cut(self, actions: list[Action], join: str) -> None:
        """The join goes on: whatever could still have come to it is given up."""
        before = self._befores[join]
        late = tuple(step for step, running in self._running.items() if running.place in before)
        for step in late:
            del self._running[step]
        for other in before:
            self._waiting.pop(other, None)
            self._chosen.pop(other, None)
            self._rounds.pop(other, None)
        if late:
            actions[:] = [one for one in actions if not (isinstance(one, Run) and one.step in late)]
            actions.append(Cut(late))


_JOINING = Node()
"""Of a join, where its ways are concerned."""


def _id(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def _holds(way: Way, answer: Any) -> bool:
    try:
        return way.holds(answer)
    except Exception as exc:
        raise NoWay(
            f"the condition {way.label!r} of the edge {way.sender!r} -> {', '.join(map(repr, way.receivers))} raised "
            f"{type(exc).__name__}: {exc}",
            node=way.sender,
        ) from exc


def _merged(name: str, join: Join, answers: dict[str, Any]) -> Any:
    if join.by is None:
        return next(iter(answers.values())) if join.need == 1 else answers
    try:
        return join.by(answers)
    except Exception as exc:
        raise Unjoined(f"by= of the join {name!r} raised {type(exc).__name__}: {exc}", join=name) from exc
