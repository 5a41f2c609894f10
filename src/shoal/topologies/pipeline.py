"""Pipeline: each message goes through the stages in order; items do not wait for one another (no barrier).

Failure modes and what is done about them: a stage that cannot take what the one before returns → refused
before anything is started, as far as the types are declared; bad output that cascades → ``gates``: a check after a
stage, which repairs, sends back to an earlier stage so many times, or ends that item; a slow stage → ``replicas``; a
stage that must not be overrun → ``parallel``; too many stages → a warning past 4.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.topologies.errors import GateRejected
from shoal.topologies.replicas import replicas as several
from shoal.topologies.review.revision import Objection, Revision
from shoal.topologies.stages.flow import MANY_STAGES, Flow, Skip, check_flow
from shoal.topologies.stages.gate import Check, Gate, passed
from shoal.topologies.stages.in_order import InOrder, Place
from shoal.topologies.wiring.carrying import form_for, make_form, task_kinds
from shoal.topologies.wiring.edge import Edge
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.graph_data import Link
from shoal.topologies.wiring.signature import Kinds, Signature, type_names
from shoal.topologies.wiring.topology import Topology

_log = logging.getLogger("shoal.topologies")


class Conductor(Front):
    """Takes each item through the stages."""

    def __init__(self, stages: dict[str, Ref], flow: Flow, revising: Mapping[str, type]) -> None:
        self._stages = stages
        self._names = list(stages)
        self._flow = flow
        self._revising = revising
        """The form in which stages take a :class:`Revision`, those that do."""
        self._order: InOrder | None = None
        self._room: dict[str, asyncio.Semaphore] = {}

    async def on_start(self, ctx: Context) -> None:
        """What belongs to an event loop is made here."""
        self._order = InOrder(len(self._stages)) if self._flow.ordered else None
        self._room = {stage: asyncio.Semaphore(most) for stage, most in self._flow.parallel.items()}

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One item, stage by stage."""
        place = self._order.enter() if self._order is not None else None
        try:
            return await self._through(message, ctx, place)
        finally:
            if place is not None:
                place.gone()

    async def _through(self, message: Any, ctx: Context, place: Place | None) -> Any:
        given: dict[str, Any] = {}
        sent_back: dict[str, int] = {}
        at, again = 0, False
        while at < len(self._names):
            stage = self._names[at]
            if not again:
                given[stage] = message
            if again or not await self._skipped(stage, message):
                again = False
                message = await self._stage(stage, message, ctx, sum(sent_back.values()))
                back = await self._gated(stage, message, sent_back)
                if isinstance(back, _Back):
                    at = self._names.index(back.to)
                    message, again = self._again(back, given[back.to], message), True
                    continue
                message = back
            if place is not None:
                await place.leave(at)
            at += 1
        return message

    async def _stage(self, stage: str, message: Any, ctx: Context, round_: int) -> Any:
        room: AbstractAsyncContextManager[Any] = self._room.get(stage) or nullcontext()
        async with room:
            return await self.ask(self._stages[stage], message, ctx, mark=str(round_))

    async def _skipped(self, stage: str, message: Any) -> bool:
        skip = self._flow.skip.get(stage)
        if skip is None:
            return False
        verdict = skip(message)
        return bool(await verdict if inspect.isawaitable(verdict) else verdict)

    async def _gated(self, stage: str, answer: Any, sent_back: dict[str, int]) -> Any:
        """The answer as it goes on, or where it goes back to. Raises :class:`GateRejected`."""
        gate = self._flow.gates.get(stage)
        if gate is None:
            return answer
        answer, why = await passed(gate, answer)
        if not why:
            return answer
        times = sent_back.get(stage, 0)
        if gate.back_to is None or times >= gate.most:
            tried = f" after {times} times back to {gate.back_to!r}" if times else ""
            raise GateRejected(f"the gate after stage {stage!r} refused{tried}: {why}", stage=stage, why=why)
        sent_back[stage] = times + 1
        return _Back(gate.back_to, stage, why, times + 1)

    def _again(self, back: _Back, before: Any, answer: Any) -> Any:
        form = self._revising.get(back.to)
        if form is None:
            return before
        objection = Objection(by=f"the gate after {back.by}", why=back.why)
        return make_form(
            form, Revision, back.to, task=before, draft=answer, objections=(objection,), round=back.times + 1
        )


@dataclass(frozen=True)
class _Back:
    """The gate wants the work of a stage done again."""

    to: str
    by: str
    why: str
    times: int


class Pipeline(Topology):
    """See :func:`pipeline`."""

    pattern = "pipeline"

    def __init__(self, stages: dict[str, Any], flow: Flow) -> None:
        super().__init__(stages)
        self._flow = flow

    def validate(self) -> None:
        """Members, gates and the rest, and that each stage takes what comes to it."""
        super().validate()
        check_flow(self._flow, list(self.members))
        for name in self.members:
            self._flowing_into(name)
        if len(self.members) > MANY_STAGES:
            _log.warning(
                "pipeline %s has %d stages; each adds its latency and its own errors: 3 or 4 are mostly enough",
                " > ".join(self.members), len(self.members),
            )  # fmt: skip

    def _flowing_into(self, stage: str) -> None:
        """Check what comes to a stage: from the one before, and past those that may be skipped."""
        names = list(self.members)
        at = names.index(stage)
        accepted = self.signature_of(stage)
        for before in range(at - 1, -1, -1):
            name = names[before]
            for kind in self._returned_by(before) or ():
                if not accepted.takes(kind):
                    raise ConfigError(
                        f"pipeline: stage {name!r} returns {type_names((kind,))}, which stage {stage!r} "
                        f"does not accept (it accepts {type_names(accepted.accepts)})"
                    )
            if name not in self._flow.skip:
                return
        first = self.signature_of(names[0])
        for kind in first.answers if at else ():
            if kind is not object and not accepted.takes(kind):
                raise ConfigError(
                    f"pipeline: all stages before {stage!r} may be skipped, and it does not accept "
                    f"{type_names((kind,))}, which the first one gets"
                )

    def _returned_by(self, at: int) -> Kinds:
        """What a stage returns to whatever comes to it."""
        names = list(self.members)
        flowing: Kinds = None
        for name in names[: at + 1]:
            flowing = self.signature_of(name).answers_to(flowing)
        return flowing

    def signature(self) -> Signature:
        """What the first stage accepts, and what becomes of it in the last."""
        first, *rest = self.members
        answers: dict[type, Kinds] = {
            kind: self._past(first, (kind,), returned)
            for kind, returned in self.signature_of(first).answers.items()
            if kind in task_kinds(self.signature_of(first), Revision)
        }
        for stage in rest:
            one = self.signature_of(stage)
            answers = {
                kind: self._past(stage, flowing, one.answers_to(flowing)) for kind, flowing in answers.items()
            }
        return Signature(answers)

    def _past(self, stage: str, flowing: Kinds, returned: Kinds) -> Kinds:
        """What goes on from a stage: also what came, when it may be skipped."""
        if stage not in self._flow.skip:
            return returned
        if flowing is None or returned is None or object in flowing:
            return None
        return tuple(dict.fromkeys((*returned, *flowing)))

    def links(self) -> list[Link]:
        """Through the stages in order, and back; and where gates send back."""
        stops = ["", *self.members, ""]
        links = [
            Link(one, following, "gate" if one in self._flow.gates else "")
            for one, following in pairwise(stops)
        ]
        for stage, gate in self._flow.gates.items():
            if gate.back_to is not None:
                links.append(Link(stage, gate.back_to, f"sent back, {gate.most} times at most"))
        return links

    def front(self, refs: dict[str, Ref]) -> Front:
        """The conductor."""
        signatures = {name: self.signature_of(name) for name in self.members}
        forms = {
            name: form_for(one, Revision) for name, one in signatures.items() if object not in one.answers
        }
        revising = {name: form for name, form in forms.items() if form is not None}
        return Conductor(refs, self._flow, revising)


def pipeline(
    *stages: Any,
    gates: Mapping[str, Gate | Check] | None = None,
    skip: Mapping[str, Skip] | None = None,
    replicas: Mapping[str, int] | None = None,
    parallel: Mapping[str, int] | None = None,
    ordered: bool = False,
    **named: Any,
) -> Pipeline:
    """Stages in order: agents or topologies, positional (named ``1``, ``2``, ...) or by keyword.

    All of the rest is by stage name. ``gates``: a check of the stage's answer, or :func:`~.gate.gate` for what is done
    about what does not pass. ``skip``: a function of the item that says whether to pass the stage by. ``replicas``: how
    many of the stage there are. ``parallel``: how many items are in it at once, at most. ``ordered``: items leave each
    stage in the order in which they came; without it a fast one overtakes a slow one.
    """
    members = {str(index): stage for index, stage in enumerate(stages, 1)}
    for name in named:
        if name in members:
            raise ConfigError(f"pipeline: two stages are called {name!r}")
    members |= named
    for name, count in (replicas or {}).items():
        if name not in members:
            raise ConfigError(
                f"pipeline: replicas {name!r} belongs to no stage; stages are {', '.join(members)}"
            )
        members[name] = _several(members[name], count)
    made = {name: one if isinstance(one, Gate) else Gate(one) for name, one in (gates or {}).items()}
    return Pipeline(members, Flow(made, dict(skip or {}), dict(parallel or {}), ordered))


def _several(stage: Any, count: int) -> Any:
    """The edge stays before all of them."""
    if isinstance(stage, Edge):
        return Edge(
            several(stage.agent, count), stage.context, stage.require_sources, stage.checker, stage.criterion
        )
    return several(stage, count)
