"""Mesh: peers that speak to one another over declared channels, without anybody between them.

Failure modes and what is done about them: endless talk → turns for a task and for each peer, which no peer can raise;
messages in circles → each carries its path, ``most_visits`` and ``most_hops``; speaking out of role → who has no
channel is refused before anything is said; a peer that is ill → a circuit breaker for each channel; connections that
grow as the square of the peers → rings and small worlds, and a warning past 8 that are all connected; nobody knows when
it is over → at rest when all that was said is answered, ``done``, ``until``, convergence, always the turns.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shoal.models.spec import Breaker
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.runtime.system import System
from shoal.topologies.peers.channels import Channels, Pairs, channels_of, neighbours, reached
from shoal.topologies.peers.front import Again, Convener, Plan
from shoal.topologies.peers.messages import Heard, MeshResult, Said
from shoal.topologies.peers.rounds import Answers, Ending
from shoal.topologies.peers.rules import Seat
from shoal.topologies.peers.seating import check_peer, is_peer, seated
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.graph_data import Link
from shoal.topologies.wiring.signature import Signature, kinds_of, signature_of_agent, signature_of_function
from shoal.topologies.wiring.team import Team
from shoal.topologies.wiring.topology import Topology

MOST_FULL = 8
"""Peers that are all connected to one another; more are said to talk more than they do."""
_log = logging.getLogger("shoal.topologies")


@dataclass(frozen=True)
class Rules:
    """What is said of the talk in a mesh; see :func:`mesh`."""

    channels: Channels
    near: int
    astray: float
    seed: int
    most_hops: int
    most_visits: int
    breaker: Breaker | None


class Mesh(Topology):
    """See :func:`mesh`."""

    pattern = "mesh"

    def __init__(self, peers: dict[str, Any], plan: Plan, rules: Rules) -> None:
        super().__init__(peers)
        self._plan = plan
        self._rules = rules
        given = rules.channels
        self._given: Channels = (
            list(given) if isinstance(given, Iterable) and not isinstance(given, str) else given
        )

    def validate(self) -> None:
        """Members, channels, who is given tasks, and limits."""
        for name, member in self.members.items():
            check_peer(name, member)
        super().validate()
        if self.edges:
            raise ConfigError(
                f"mesh: {next(iter(self.edges))!r} is behind an edge, and peers speak to one another without a front "
                "that could hold to it; give the agent itself"
            )
        speaking = self._speaking()
        if not speaking:
            raise ConfigError("mesh: none of its members is a shoal.Peer, so nobody could speak to another")
        self._check_limits()
        self._check_functions()
        self._check_channels()
        self.signature()

    def _check_limits(self) -> None:
        plan, rules, ending = self._plan, self._rules, self._plan.ending
        limits = {
            "turns": plan.turns, "turns_each": plan.turns_each, "rounds": ending.rounds,
            "most_hops": rules.most_hops, "most_visits": rules.most_visits,
        }  # fmt: skip
        if ending.unchanged is not None:
            limits["unchanged"] = ending.unchanged
        for what, limit in limits.items():
            if type(limit) is not int or limit < 1:
                raise ConfigError(f"mesh: {what} is {limit!r}; it must be a whole number from 1")
        if rules.breaker is not None and not isinstance(rules.breaker, Breaker):
            raise ConfigError(f"mesh: breaker is {rules.breaker!r}; give a shoal.Breaker(...), or None")
        if plan.again is not None and ending.rounds == 1:
            raise ConfigError("mesh: again= is given, and there is only one round: give rounds=")

    def _check_functions(self) -> None:
        plan = self._plan
        for what, function in (("again", plan.again), ("until", plan.ending.until), ("result", plan.result)):
            if function is not None and (not callable(function) or asyncio.iscoroutinefunction(function)):
                raise ConfigError(f"mesh: {what} is {function!r}; give a plain function")

    def _check_channels(self) -> None:
        plan, pairs = self._plan, self._pairs()
        if not plan.first:
            raise ConfigError("mesh: first names nobody; somebody has to be given the task")
        for name in plan.first:
            if name not in self.members:
                raise ConfigError(f"mesh: first names {name!r}; peers are {', '.join(self.members)}")
        for one, other in pairs if not isinstance(self._given, str) else ():
            if one not in self._speaking():
                raise ConfigError(
                    f"mesh: the channel {(one, other)!r} is for {one!r} to speak, and it is no shoal.Peer: it only "
                    "answers"
                )
        met = reached(pairs, plan.first)
        for name in self.members:
            if name not in met:
                raise ConfigError(
                    f"mesh: nothing that is said reaches {name!r}: give it a channel, or name it in first="
                )

    def signature(self) -> Signature:
        """What all that are given tasks accept; and the result."""
        heads = [self._signature_of_peer(name) for name in self._plan.first]
        kinds = [
            kind
            for kind in dict.fromkeys(kind for one in heads for kind in one.answers)
            if all(one.takes(kind) for one in heads)
        ]
        if not kinds:
            raise ConfigError(f"mesh: {', '.join(self._plan.first)} accept nothing that all of them accept")
        result = self._plan.result
        returns = (MeshResult,) if result is None else kinds_of(signature_of_function(result)[1])
        return Signature(dict.fromkeys(kinds, returns))

    def links(self) -> list[Link]:
        """The team to those that are given tasks, and the channels."""
        ordered = [
            Link(one, other)
            for one, others in neighbours(self._pairs(), self.members).items()
            for other in others
        ]
        return [*(Link("", name) for name in self._plan.first), *ordered]

    def front(self, refs: dict[str, Ref]) -> Front:
        """Who gives tasks to the first peers."""
        return Convener(self._plan, refs, self._speaking())

    async def start(self, system: System, name: str) -> Team:
        """As of any team; the board's region is opened before."""
        count, pairs = len(self.members), self._pairs()
        if count > MOST_FULL and len(pairs) == count * (count - 1):
            _log.warning(
                "mesh %s: %d peers, all connected to one another, are %d channels; past %d they are said to talk more "
                "than they do: try channels='small_world'", name, count, len(pairs), MOST_FULL,
            )  # fmt: skip
        if self._plan.region is not None:
            await system.board(self._plan.region).open()
        return await super().start(system, name)

    # -- inside ----------------------------------------------------------------------------------------------

    async def _start_members(self, system: System, name: str) -> dict[str, Ref]:
        seats = self._seats(name)
        wired = copy.copy(self)
        wired.members = {
            part: seated(member, seats[part]) if part in seats else member
            for part, member in self.members.items()
        }
        return await super(Mesh, wired)._start_members(system, name)

    def _seats(self, name: str) -> dict[str, Seat]:
        rules, names, speaking = self._rules, tuple(self.members), self._speaking()
        others = neighbours(self._pairs(), names)
        return {
            part: Seat(
                name=part,
                channels={other: Ref(f"{name}/{other}") for other in others[part]},
                names=names,
                speaking=speaking,
                most_hops=rules.most_hops,
                most_visits=rules.most_visits,
                breaker=rules.breaker,
                team=name,
                region=self._plan.region,
                models=self._models(),
            )
            for part in names
            if part in speaking
        }

    def _pairs(self) -> Pairs:
        rules, speaking = self._rules, self._speaking()
        pairs = channels_of(
            self._given, list(self.members), near=rules.near, astray=rules.astray, seed=rules.seed
        )
        return pairs if not isinstance(self._given, str) else frozenset(p for p in pairs if p[0] in speaking)

    def _speaking(self) -> frozenset[str]:
        return frozenset(name for name, member in self.members.items() if is_peer(member))

    def _signature_of_peer(self, name: str) -> Signature:
        member = self.members[name]
        if not is_peer(member):
            return self.signature_of(name)
        answers = dict(signature_of_agent(member).answers)
        answers.pop(Said, None)
        return Signature(answers)

    def _models(self) -> tuple[type, ...]:
        return tuple(dict.fromkeys((*super()._models(), Said, Heard)))


def mesh(
    peers: Mapping[str, Any] | Sequence[Any],
    *,
    channels: Channels = "full",
    first: str | Sequence[str] | None = None,
    turns: int = 64,
    turns_each: int = 24,
    most_hops: int = 8,
    most_visits: int = 1,
    rounds: int = 1,
    again: Again | None = None,
    until: Callable[[Answers], bool] | None = None,
    unchanged: int | None = 2,
    board: str | None = None,
    breaker: Breaker | None = Breaker(),  # noqa: B008 - frozen
    result: Callable[[MeshResult], Any] | None = None,
    near: int = 4,
    astray: float = 0.1,
    seed: int = 0,
) -> Mesh:
    """Peers that speak to one another directly.

    ``peers``: by name, or a list (named ``1``, ``2``, ...). Those that are :class:`~.peer.Peer` speak; others (LLM
    agents, functions, teams) answer. ``channels``: who may speak to whom: ``"full"``, ``"ring"``, ``"small_world"``
    (of ``near`` neighbours each, some of which, with probability ``astray``, are far ones; drawn by ``seed``), or pairs
    ``(from, to)``. ``first``: who is given a task: one, several, or ``"all"``; the first peer by default.

    A task ends when it is answered, after one of ``rounds``: in each, those of ``first`` are given the task (from the
    second on what ``again(task, answers)`` makes), and it goes on until all said is answered. More rounds end early
    when all of ``first`` say :meth:`~.peer.Peer.done`, when ``until(answers)`` holds, or when answers and artefact are
    the same for ``unchanged`` rounds. In any case it ends at ``turns`` (messages said, in all), ``turns_each`` (to one
    peer). The result is a :class:`~.mesh_messages.MeshResult`, which says why it ended, or ``result`` of it.

    ``most_hops``: peers a message may go through; ``most_visits``: how often through the same one. ``breaker``: when a
    channel is left alone; ``None``: never. ``board``: the region that has the task's artefact, see
    :meth:`~.peer.Peer.revise`. Functions are plain, and depend on their arguments alone.
    """
    named = dict(peers) if isinstance(peers, Mapping) else {str(i): peer for i, peer in enumerate(peers, 1)}
    if first is None:
        heads = tuple(named)[:1]
    elif isinstance(first, str):
        heads = tuple(named) if first == "all" and "all" not in named else (first,)
    else:
        heads = tuple(dict.fromkeys(first))
    plan = Plan(heads, turns, turns_each, Ending(rounds, unchanged, until), again, result, board)
    return Mesh(named, plan, Rules(channels, near, astray, seed, most_hops, most_visits, breaker))
