"""Graph: nodes and the edges between them, drawn by hand, for what no other pattern fits.

Failure modes and what is done about them: going round for ever → a cycle without a bound is refused, ``most`` visits
and ``most_steps``; an answer that nothing was foreseen for → a typed error that names the node; a branch that was not
taken → no join waits for it; branches that end apart → refused, or an error, never one answer of two; what one node
returns and the next does not accept → refused before anything is started; an agent that nothing leads to, or that
leads nowhere → refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Self

from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.topologies.drawn.front import Guide
from shoal.topologies.drawn.kinds import Flowing, graph_signature
from shoal.topologies.drawn.plan import By, Join, Node, Plan, Sort, Take, Way, When, way_of
from shoal.topologies.drawn.shape import befores, check_shape
from shoal.topologies.wiring.edge import Edge
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.graph_data import Link
from shoal.topologies.wiring.signature import Signature
from shoal.topologies.wiring.topology import Topology

_MOST_STEPS = 100
Need = Literal["all", "any"] | int


class Graph(Topology):
    """See :func:`graph`. Each method adds something and returns the graph."""

    pattern = "graph"

    def __init__(self, nodes: Mapping[str, Any], most_steps: int) -> None:
        super().__init__({})
        self._nodes: dict[str, Node] = {}
        self._joins: dict[str, Join] = {}
        self._ways: list[Way] = []
        self._first: str | None = None
        self._ends: dict[str, None] = {}
        self._most_steps = most_steps
        for name, agent in nodes.items():
            self.node(name, agent)

    # -- drawing -------------------------------------------------------------------------------------------

    def node(
        self, name: str, agent: Any, *, most: int | None = None, then: str | None = None, take: Take = "first"
    ) -> Self:
        """A node: an agent, an async function, a team, or one of them behind ``shoal.edge(...)``.

        ``most``: how often one message may come here on its way; a further visit goes to the node ``then``, and is a
        :class:`LoopLimit` without one. ``take``: of its edges the first that holds, or all that do.
        """
        self._name(name)
        if most is not None and (type(most) is not int or most < 1):
            raise ConfigError(f"graph: most of {name!r} is {most!r}; it must be a whole number from 1")
        if then is not None and most is None:
            raise ConfigError(f"graph: {name!r} has `then`, and no `most` after which to go there")
        if take not in ("first", "all"):
            raise ConfigError(f"graph: take of {name!r} is {take!r}; give 'first' or 'all'")
        self._nodes[name] = Node(most, then, take)
        if isinstance(agent, Edge):
            self.edges[name] = agent
        self.members[name] = agent.agent if isinstance(agent, Edge) else agent
        return self

    def edge(self, sender: str, *receivers: str, when: When | None = None) -> Self:
        """From a node or join to another, or to several at once. Edges are looked at in the order they are added.

        ``when``: a plain function of the answer that says whether; it may depend on nothing else. Or a type of
        answer. A function whose parameter is annotated with a type holds for answers of that type only.
        """
        self._ways.append(way_of(sender, receivers, when))
        return self

    def otherwise(self, sender: str, *receivers: str) -> Self:
        """The edge that is taken when no other one of the node holds."""
        way = way_of(sender, receivers, None)
        self._ways.append(Way(sender, way.receivers, Sort.ELSE, label="otherwise"))
        return self

    def join(self, name: str, *, of: Sequence[str], need: Need = "all", by: By | None = None) -> Self:
        """Where branches come together; its answer goes on along the edges of ``name``.

        ``of``: the nodes it waits for; each has an edge here, without a condition unless you add one that has.
        ``need``: ``"all"`` of the branches that were taken, ``"any"`` one, or a number; when it has them, those that
        still run and could only have come later are cancelled. ``by``: a plain function of the answers, a dict by
        node, that makes one of them; without it the dict goes on, or with ``"any"`` the one answer.
        """
        self._name(name)
        if isinstance(of, str) or not of or len(set(of)) < len(of):
            raise ConfigError(
                f"graph: of= of the join {name!r} is {of!r}; give the names of nodes, each once"
            )
        if by is not None and (not callable(by) or asyncio.iscoroutinefunction(by)):
            raise ConfigError(
                f"graph: by= of the join {name!r} is {by!r}; give a plain function of the answers"
            )
        count = {"all": None, "any": 1}.get(need, need) if isinstance(need, str) else need
        if count is not None and (type(count) is not int or not 1 <= count <= len(of)):
            raise ConfigError(
                f"graph: need of the join {name!r} is {need!r}; give 'all', 'any' or a number up to {len(of)}"
            )
        self._joins[name] = Join(tuple(of), count, by)
        return self

    def begin(self, name: str) -> Self:
        """The node that gets the task; without it, the one that was added first."""
        if self._first is not None:
            raise ConfigError(
                f"graph: it begins at {self._first!r} already; {name!r} cannot be the first, too"
            )
        self._first = name
        return self

    def end(self, *names: str) -> Self:
        """Nodes or joins whose answer is the task's result. One that has edges ends when none of them holds."""
        self._ends |= dict.fromkeys(names)
        return self

    def _name(self, name: str) -> None:
        if name in self._nodes or name in self._joins:
            raise ConfigError(f"graph: there is a node {name!r} already")

    # -- as of any topology ----------------------------------------------------------------------------------

    def validate(self) -> None:
        """Names, edges, cycles, joins, and that each node accepts what comes to it."""
        super().validate()
        if type(self._most_steps) is not int or self._most_steps < 1:
            raise ConfigError(f"graph: most_steps is {self._most_steps!r}; it must be a whole number from 1")
        plan = self._plan()
        check_shape(plan)
        signatures = self._signatures()
        Flowing(plan, signatures, signatures[plan.first].accepts).check()

    def signature(self) -> Signature:
        """What the first node accepts, and what the ends make of it."""
        return graph_signature(self._plan(), self._signatures())

    def links(self) -> list[Link]:
        """Its edges, with their conditions; a join is shown on the edges that lead through it."""
        plan = self._plan()
        found = [Link("", plan.first)]
        for name, node in plan.nodes.items():
            found += self._links_from(plan, name, name, "")
            if node.then is not None:
                found.append(Link(name, node.then, f"after {node.most} visits"))
        return list(dict.fromkeys(found))

    def front(self, refs: dict[str, Ref]) -> Front:
        """Who leads tasks through it."""
        plan = self._plan()
        return Guide(plan, befores(plan), refs)

    # -- inside --------------------------------------------------------------------------------------------

    def _plan(self) -> Plan:
        ways: dict[str, tuple[Way, ...]] = {}
        last = [way for way in self._ways if way.sort is Sort.ELSE]
        drawn = [way for way in self._ways if way.sort is not Sort.ELSE]
        for way in map(self._sorted, [*drawn, *last, *self._ways_to_joins()]):
            ways[way.sender] = (*ways.get(way.sender, ()), way)
        first = self._first if self._first is not None else next(iter(self._nodes), "")
        return Plan(
            dict(self._nodes), dict(self._joins), ways, first, frozenset(self._ends), self._most_steps
        )

    def _sorted(self, way: Way) -> Way:
        """Where only one is taken, an edge without a condition is what is left."""
        node = self._nodes.get(way.sender)
        if way.sort is Sort.ALWAYS and (node is None or node.take == "first"):
            return Way(way.sender, way.receivers, Sort.ELSE)
        return way

    def _ways_to_joins(self) -> Iterator[Way]:
        drawn = {(way.sender, receiver) for way in self._ways for receiver in way.receivers}
        for name, join in self._joins.items():
            for sender in join.of:
                if (sender, name) not in drawn:
                    yield Way(sender, (name,), Sort.ALWAYS)

    def _signatures(self) -> dict[str, Signature]:
        return {name: self.signature_of(name) for name in self.members}

    def _links_from(self, plan: Plan, sender: str, place: str, label: str) -> Iterator[Link]:
        if place in plan.ends:
            yield Link(sender, "", label)
        for way in plan.ways.get(place, ()):
            for receiver in way.receivers:
                said = ", ".join(part for part in (label, way.label) if part)
                if receiver not in plan.joins:
                    yield Link(sender, receiver, said)
                elif receiver not in label.split(", "):  # a loop of joins alone is refused elsewhere
                    yield from self._links_from(
                        plan, sender, receiver, ", ".join(part for part in (said, receiver) if part)
                    )


def graph(nodes: Mapping[str, Any] | None = None, *, most_steps: int = _MOST_STEPS, **named: Any) -> Graph:
    """A graph of agents, drawn by hand::

        g = shoal.graph(triage=Triage(), bill=Billing(), rest=Desk())
        g.edge("triage", "bill", when=is_billing)
        g.otherwise("triage", "rest")
        g.end("bill", "rest")

    A message begins at the first node (or ``begin``); what a node answers goes along its edges, of which the first that
    holds is taken (``take="all"``: all that hold, side by side; so are several receivers of one edge); the answer of an
    ``end`` is the task's result. Branches come together at a ``join``, which waits for those that were taken and no
    others. A cycle needs a node with ``most=`` visits. ``most_steps``: asks in one task.

    Conditions are asked again when a task is led again after a death: they must depend on the answer alone. Raises
    :class:`ConfigError` when it is built, for whatever cannot work; a task fails with :class:`NoWay` (no condition
    held), :class:`LoopLimit` and :class:`Unjoined`.
    """
    for name in named:
        if nodes is not None and name in nodes:
            raise ConfigError(f"graph: two nodes are called {name!r}")
    return Graph({**(nodes or {}), **named}, most_steps)
