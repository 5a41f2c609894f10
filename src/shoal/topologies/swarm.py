"""Swarm: agents without a plan. What there is to do lies on the board; whoever is free takes it, and what it finds, or
finds to be done, goes back there.

Failure modes and what is done about them: it does not know when to stop → ``until``, never without a limit of time, and
``most_items``; an agent that says it is done → a proposal; work that grows faster than it is done, or finds nothing any
more → the monitor sees it, and can stop it; one agent that fails everything, or eats everything → retired from the
task, a budget for each; work done twice, or half → claims with leases, and one transaction for all that follows from an
item; no trace → every claim and finding is a version on the board, which can be replayed.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from shoal.blackboard.spec import MAIN, check_region
from shoal.blackboard.termination import Quiescence, Termination, TimeLimit
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.runtime.system import System
from shoal.topologies.swarming.checks import TIME_S, check_figures, check_functions, is_agent, termination_of
from shoal.topologies.swarming.front import MOST_AGENTS, SwarmFront
from shoal.topologies.swarming.messages import Published, Resize, SwarmResult, SwarmView
from shoal.topologies.swarming.plan import SwarmPlan
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.graph_data import Link
from shoal.topologies.wiring.signature import Kinds, Signature, kinds_of, signature_of_function, type_names
from shoal.topologies.wiring.team import Team
from shoal.topologies.wiring.topology import Topology

_MONITOR = "monitor"
_UNTIL = (Quiescence(), TimeLimit(TIME_S))
_SLOTS = 8
"""Items that a team, or an agent that handles any number of messages, has at once."""


class SwarmTeam(Team):
    """A running swarm."""

    __slots__ = ()

    async def resize(self, agents: int) -> int:
        """Have so many agents from now on; how many there are. Those who leave finish what they have.

        Raises ``HandlerError``: it cannot have so many.
        """
        number: int = await Ref.ask(self, Resize(agents=agents))
        return number


class Swarm(Topology):
    """See :func:`swarm`."""

    pattern = "swarm"

    def __init__(self, agents: Mapping[str, Any], copied: Any, options: Mapping[str, Any]) -> None:
        """``copied``: what all agents are copies of, if they are."""
        self._options = dict(options)
        self._copied = copied
        self.workers = list(agents)
        """The names of those who work on items."""
        monitor = options["monitor"]
        watched = {_MONITOR: monitor} if is_agent(monitor) else {}
        if watched and _MONITOR in agents:
            raise ConfigError(f"swarm: an agent cannot be called {_MONITOR!r}: that name is taken")
        super().__init__({**agents, **watched})

    # -- what it is ----------------------------------------------------------------------------------------

    def groups(self) -> dict[str, int]:
        """The group of each agent: those that take the same types are one."""
        kinds: dict[Any, int] = {}
        return {
            name: kinds.setdefault(frozenset(self.signature_of(name).answers), len(kinds))
            for name in self.workers
        }

    def plan(self) -> SwarmPlan:
        """How it works. Called after ``validate`` of the base."""
        options = self._options
        plain = {
            name: one
            for name, one in options.items()
            if name not in ("at_once", "accepts", "until", "monitor", "board")
        }
        return SwarmPlan(
            **plain,
            region=options["board"],
            until=termination_of(options["until"]),
            monitor=_MONITOR if _MONITOR in self.members else options["monitor"],
            groups={group: self.signature_of(name) for name, group in self.groups().items()},
            grows=self._copied is not None,
        )

    def _slots(self, name: str) -> int:
        given = self._options["at_once"]
        if given is not None:
            return int(given)
        member = self.members[name]
        concurrency = getattr(member, "concurrency", 1)
        return _SLOTS if isinstance(member, Topology) else max(1, min(_SLOTS, concurrency))

    # -- what a topology says of itself --------------------------------------------------------------------

    def validate(self) -> None:
        """Members, limits, and that every kind of item is taken by somebody."""
        super().validate()
        if not self.workers:
            raise ConfigError("swarm has no agents: give it at least one")
        check_region(self._options["board"])
        termination_of(self._options["until"])
        check_figures(self._options)
        check_functions(self._options)
        self._check_items()
        if _MONITOR in self.members and not self.signature_of(_MONITOR).takes(SwarmView):
            accepts = type_names(self.signature_of(_MONITOR).accepts)
            raise ConfigError(f"swarm: its monitor accepts {accepts}; it is given shoal.SwarmView")

    def _check_items(self) -> None:
        signatures = {name: self.signature_of(name) for name in self.workers}
        seeded = (
            typing.get_args(signature_of_function(self._options["seed"])[1]) if self._options["seed"] else ()
        )
        made = [("seed", kind) for kind in (kinds_of(seeded[0]) if seeded else None) or ()]
        for name, signature in signatures.items():
            for answer in signature.returns or ():
                if issubclass(answer, Published):
                    declared = typing.get_args(answer.model_fields["items"].annotation)
                    made += [
                        (f"agent {name!r}", kind)
                        for kind in (kinds_of(declared[0]) if declared else None) or ()
                    ]
        for who, kind in made:
            if not any(signature.takes(kind) for signature in signatures.values()):
                raise ConfigError(
                    f"swarm: {who} makes items of type {type_names((kind,))}, which no agent accepts"
                )

    def signature(self) -> Signature:
        """What the seed takes, or an agent; the result."""
        options, result = self._options, self._options["result"]
        returns: Kinds
        if result is None or isinstance(result, type):
            returns = (result or SwarmResult,)
        else:
            returns = kinds_of(signature_of_function(result)[1])
        if options["accepts"] is not None:
            accepts: Iterable[type] = (options["accepts"],)
        elif options["seed"] is not None:
            accepts = kinds_of(signature_of_function(options["seed"])[0]) or (object,)
        else:
            accepts = (kind for name in self.workers for kind in self.signature_of(name).answers)
        return Signature(dict.fromkeys(accepts, returns))

    def links(self) -> list[Link]:
        """Items to the agents and what they publish back; the monitor looks."""
        found = [
            link for name in self.workers for link in (Link("", name, "claims"), Link(name, "", "publishes"))
        ]
        return found + ([Link("", _MONITOR, "looks")] if _MONITOR in self.members else [])

    def front(self, refs: dict[str, Ref]) -> Front:
        """See :mod:`.swarm_front`."""
        groups = self.groups()
        hands = {name: (refs[name], groups[name], self._slots(name)) for name in self.workers}
        return SwarmFront(self.plan(), hands, refs.get(_MONITOR), self._copied)

    async def start(self, system: System, name: str) -> Team:
        """Open the region, then start agents and front."""
        await system.board(self._options["board"]).open()
        team = await super().start(system, name)
        return SwarmTeam(team, self.pattern, team.members, system, team.signature, graph=team.describe())


def swarm(
    *agents: Any,
    count: int | None = None,
    board: str = MAIN,
    seed: Callable[[Any], Sequence[Any]] | None = None,
    until: Termination | Sequence[Termination] = _UNTIL,
    result: Any = None,
    finding: type | None = None,
    name_of: Callable[[Any], str] | None = None,
    priority: Callable[[Any], int] | None = None,
    most_items: int = 10_000,
    items_each: int | None = None,
    failures_each: int | None = 5,
    attempts: int = 3,
    backoff_s: float = 1.0,
    lease_s: float = 30.0,
    cut: float | None = 0.9,
    monitor: Any = None,
    monitor_every: int = 50,
    at_once: int | None = None,
    keep: bool = False,
    accepts: type | None = None,
    **named: Any,
) -> Swarm:
    """Agents that take items off a board and put findings and further items there.

    ``agents``: what takes an item and answers what it makes of it, by position (named ``1``, ``2``, ...) or by keyword;
    or one, of which there are ``count``. An answer is a finding, a list of findings, nothing (``None``), or a
    :class:`~.swarm_messages.Published` with findings and new items. Agents may take different types of items.

    A task (``team.ask(goal)``) begins with the items that ``seed`` makes of the message (default: the message itself)
    and ends by ``until``: one or several conditions (the first that holds), about keys ``item/...`` and ``finding/...``
    of this task alone. A limit of time is added where nothing else is certain, and quiescence where it is not named.
    The answer is a :class:`~.swarm_messages.SwarmResult`, or a subclass of it given as ``result``, which may name the
    type of its findings, or what the function ``result`` makes of one.

    ``finding``: the type that findings must be; another one fails the attempt. ``name_of``: what an item is called; two
    that are called the same are one. ``priority``: which items come first. ``attempts``, ``backoff_s``, ``lease_s``: as
    of work items on the board; ``board`` is its region.

    Limits of a task: ``most_items`` posted; ``items_each`` for each agent; an agent with ``failures_each`` failed
    attempts, more than it completed, gets no more of it. ``cut``: at this share of the asker's time the task ends with
    what there is. ``monitor``: a function or agent of :class:`~.swarm_messages.SwarmView`, asked after every
    ``monitor_every`` attempts; it answers ``None``, why to stop, or a :class:`~.swarm_messages.SwarmAdvice`.

    ``at_once``: items that one agent has at a time (default: its concurrency, up to 8). ``keep``: leave a task's keys
    on the board when it is over. ``accepts``: the type of message, where ``seed`` does not say.
    """
    options = {name: one for name, one in locals().items() if name not in ("agents", "count", "named")}
    if count is None:
        members = {str(number): agent for number, agent in enumerate(agents, 1)}
        for name in named:
            if name in members:
                raise ConfigError(f"swarm: two agents are called {name!r}")
        return Swarm(members | named, None, options)
    if len(agents) != 1 or named:
        raise ConfigError(
            f"swarm: count is for copies of one agent, and {len(agents) + len(named)} are given"
        )
    if type(count) is not int or not 1 <= count <= MOST_AGENTS:
        raise ConfigError(f"swarm: count is {count!r}; give a number of agents from 1 to {MOST_AGENTS}")
    return Swarm({str(number): agents[0] for number in range(1, count + 1)}, agents[0], options)
