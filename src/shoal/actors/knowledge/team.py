"""Teams of knowledge sources on a blackboard: sources that changes wake, and a controller that chooses among them.

::

    team = await system.build(
        shoal.knowledge_sources([Critic(), Refiner()], until=shoal.Quiescence() | shoal.TimeLimit(60))
    )
    await system.board().put("hypothesis/1", Hypothesis(text="..."))
    ended = await team.ended()

The architecture is that of Hearsay-II and BB1 (see :mod:`shoal.blackboard.agenda`). Source and controller are agents
under one supervisor: ``<team>/<source>`` and ``<team>/controller``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

from shoal.actors.agent import Agent
from shoal.actors.knowledge.controller import NAME, Controller
from shoal.actors.knowledge.on_board import Declared
from shoal.actors.knowledge.plan import AgendaState, AwaitEnd, LookAtAgenda, Plan, SourcePlan, TeamEnd
from shoal.actors.knowledge.source import Wake, call_source
from shoal.actors.knowledge.trigger import Trigger, check_source
from shoal.actors.supervisor import Supervisor
from shoal.actors.supervisor_ref import SupervisorRef
from shoal.blackboard.agenda import Choice, Rating
from shoal.blackboard.errors import InvalidOperation
from shoal.blackboard.spec import MAIN, check_region
from shoal.blackboard.termination import Ended, Termination
from shoal.runtime.context import Context
from shoal.runtime.errors import AgentDied, AskTimeout, ConfigError
from shoal.runtime.ref import Ref, check_name, make_address
from shoal.runtime.supervision import ChildSpec
from shoal.runtime.system import System

_SLICE_S = 30.0
_ANSWER_S = 30.0
_DEATHS = 20
"""Asks in a row that a controller may die of before that is an error."""


class FunctionSource(Agent):
    """A knowledge source that is one declared function."""

    def __init__(self, declared: Declared) -> None:
        self.role = declared.__name__
        self._declared = declared

    async def on_wake(self, wake: Wake, ctx: Context) -> None:
        """Do an activation."""
        await call_source(self._declared.function, wake, ctx)


class KnowledgeTeam(SupervisorRef):
    """A running team: a supervisor's ref, with what can be asked of its controller."""

    __slots__ = ()

    @property
    def controller(self) -> Ref:
        """Its controller."""
        return self.child(NAME)

    async def ended(self, *, timeout_s: float | None = None) -> Ended:
        """Wait until the team has ended; by which condition and why.

        Raises ``TimeoutError``, which says how far it is, after ``timeout_s``; ``InvalidOperation`` when neither that
        nor the team's ``until`` is sure to end; and ``AgentDied`` or the like when the team was given up.
        """
        until = math.inf if timeout_s is None else time.monotonic() + timeout_s
        deaths, slice_s = 0, 0.0
        while True:
            wait_s = max(0.0, min(slice_s, until - time.monotonic()))
            try:
                answer: TeamEnd = await self.controller.ask(
                    AwaitEnd(wait_s=wait_s), timeout_s=wait_s + _ANSWER_S
                )
            except (AskTimeout, AgentDied):  # it is started again, unless it was given up
                deaths, slice_s = deaths + 1, 0.0
                if deaths > _DEATHS or time.monotonic() >= until:
                    raise
                continue
            deaths, slice_s = 0, _SLICE_S
            if answer.ended is not None:
                return answer.ended
            if timeout_s is None and not answer.certain:
                raise InvalidOperation(
                    f"{self.address} need never end: give timeout_s, or the team `until=... | shoal.TimeLimit(seconds)`"
                )
            if time.monotonic() >= until:
                raise TimeoutError(f"{self.address} has not ended after {timeout_s:g} s: {answer.progress}")

    async def agenda(self) -> AgendaState:
        """What waits, what is being carried out, and what each source did so far."""
        state: AgendaState = await self.controller.ask(LookAtAgenda())
        return state


class KnowledgeSources:
    """What :func:`knowledge_sources` makes, for ``system.build``."""

    def __init__(
        self, sources: Mapping[str, ChildSpec], intensity: int, period_s: float, **plan: Any
    ) -> None:
        self._children = dict(sources)
        self._intensity = intensity
        self._period_s = period_s
        self._plan = plan
        self.plan("team").check()

    async def build(self, system: System, name: str | None = None) -> KnowledgeTeam:
        """Open the regions, then start supervisor, sources and controller. ``ConfigError`` before anything is."""
        name = check_name(name or system.fresh_name("knowledge"))
        supervisor = self.supervisor(name)
        for region in self.plan(name).regions:
            await system.board(region).open()
        started = await system.spawn(supervisor, name=name)
        return KnowledgeTeam(started.address, system.as_sender)

    def supervisor(self, name: str) -> Supervisor:
        """The team as a supervisor that is going to be called ``name``, for one that is a part of something larger.

        Its regions must be open. A ref to its controller comes from ``KnowledgeTeam.of(ref)``.
        """
        controller = ChildSpec(id=NAME, agent=Controller(self.plan(name)))
        return Supervisor(
            [*self._children.values(), controller], intensity=self._intensity, period_s=self._period_s
        )

    def plan(self, team: str) -> Plan:
        """The plan of a team of that name."""
        sources = {
            id: _source_plan(team, child, self._plan["region"]) for id, child in self._children.items()
        }
        return Plan(team=team, sources=sources, **self._plan)


def knowledge_sources(
    sources: Iterable[Any] | Mapping[str, Any],
    *,
    region: str = MAIN,
    until: Termination | None = None,
    concurrency: int = 1,
    choose: Choice | None = None,
    budget: float | None = None,
    max_activations: int | None = 10_000,
    agenda: int = 1_000,
    intensity: int = 20,
    period_s: float = 60.0,
) -> KnowledgeSources:
    """A team of knowledge sources for ``system.build``.

    ``sources``: agents (or classes) with ``@shoal.on_board`` methods, and functions that it decorates; by name, or
    named by their class. A ``ChildSpec`` says more about one. What is on the board of ``region`` when the team begins
    counts as changed then.

    ``until``: when the team ends (``None``: when it is stopped). What is being carried out then is cancelled.

    ``concurrency``: activations at once; with 1, the effects of each are seen before the next choice. ``choose``: which
    goes next; a :class:`shoal.Rating`, or a plain function of its signature. ``agenda``: how many may wait; more are
    left on the board meanwhile.

    The team also ends when the next activation would be over ``max_activations`` (``None``: no limit), or when all
    that wait cost more than what is left of ``budget``.

    ``intensity``, ``period_s``: as of a supervisor, for sources and controller together. Raises ``ConfigError``.
    """
    return KnowledgeSources(
        _children(sources),
        intensity,
        period_s,
        region=check_region(region),
        until=until,
        concurrency=concurrency,
        choose=choose or Rating(),
        budget=budget,
        max_activations=max_activations,
        agenda=agenda,
    )


def _children(sources: Iterable[Any] | Mapping[str, Any]) -> dict[str, ChildSpec]:
    pairs = sources.items() if isinstance(sources, Mapping) else [(None, source) for source in sources]
    children: dict[str, ChildSpec] = {}
    for given, source in pairs:
        name = given or _fresh(_name_of(source), children)
        check_name(name)
        if name == NAME or name in children:
            raise ConfigError(f"knowledge_sources: a source cannot be called {name!r}: that name is taken")
        child = source if isinstance(source, ChildSpec) else ChildSpec(id=name, agent=source)
        check_source(name, child.agent)
        agent = FunctionSource(child.agent) if isinstance(child.agent, Declared) else child.agent
        children[name] = child.model_copy(update={"id": name, "agent": agent})
    if not children:
        raise ConfigError("knowledge_sources: give at least one source")
    return children


def _name_of(source: Any) -> str:
    if isinstance(source, ChildSpec):
        return source.id
    if isinstance(source, type | Declared):
        return source.__name__.lower()
    return type(source).__name__.lower()


def _fresh(name: str, taken: Mapping[str, Any]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def _source_plan(team: str, child: ChildSpec, region: str) -> SourcePlan:
    agent = child.agent
    name = f"{team}/{child.id}"
    address = make_address(name, child.host or name)
    declaring = check_source(child.id, agent._declared if isinstance(agent, FunctionSource) else agent)
    triggers = tuple(
        Trigger(
            child.id,
            address,
            one.name,
            one.method,
            one.declaration.region or region,
            one.declaration,
            one.kinds,
        )
        for one in declaring
    )
    concurrency, limit_s = getattr(agent, "concurrency", 1), getattr(agent, "handler_timeout_s", None)
    return SourcePlan(address, concurrency, limit_s, triggers)
