"""Fan-out/fan-in: each message goes to all members at once, and an aggregate makes one answer of theirs.

Failure modes and what is done about them: a consensus that nobody holds → votes return an answer that was given, ties
and contradictions are ``Undecided``; dissent that nobody sees → logged, and in the report; a slow member → cut when
enough have answered, when the others cannot change the outcome any more, or by the deadline, and cancelled; a member
that fails → missing, with its reason; an answer of few that looks like one of all → ``QuorumMissed`` unless a smaller
quorum was asked for, and then labelled as partial; collective load → a warning past eight members.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.topologies.answers.aggregate import aggregate_of
from shoal.topologies.answers.collector import Collector, Plan, Writer
from shoal.topologies.answers.fan_out_result import FanOutResult
from shoal.topologies.answers.gathering import Enough
from shoal.topologies.answers.synthesis import writers_form, written_by
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.graph_data import Link
from shoal.topologies.wiring.signature import Kinds, Signature, type_names
from shoal.topologies.wiring.topology import Topology

WARN_PAST = 8
"""Members: more answers to one question rarely say more, and each of them is paid for."""
WRITER = "writer"
"""The member that writes the answer, where one does."""
_YEAR_S = 365 * 24 * 3600.0
_log = logging.getLogger("shoal.topologies")


class FanOut(Topology):
    """See :func:`fan_out`."""

    pattern = "fan_out"

    def __init__(self, members: Mapping[str, Any], plan: Plan) -> None:
        self._order = tuple(members)
        writer = {} if plan.by.writer is None else {WRITER: plan.by.writer}
        if writer and WRITER in members:
            raise ConfigError(
                f"fan_out: a member is called {WRITER!r}, as the agent that writes the answer; rename it"
            )
        super().__init__({**members, **writer})
        self._plan = plan

    def validate(self) -> None:
        """Members, limits, that all take the same messages, and that their answers can be made one."""
        if not self._order:
            raise ConfigError("fan_out has no members: give it at least one agent")
        super().validate()
        self._check_limits()
        if len(self._order) > WARN_PAST:
            _log.warning(
                "fan_out: %d members answer each message; past %d more seldom say more, and each costs a message, "
                "its work and a share of the rate limits",
                len(self._order), WARN_PAST,
            )  # fmt: skip
        for kind in self._accepted():
            self._returned(kind)

    def _check_limits(self) -> None:
        plan, count = self._plan, len(self._order)
        for what, number in (("need", plan.need), ("quorum", plan.quorum)):
            if number is not None and not (type(number) is int and 1 <= number <= count):
                raise ConfigError(
                    f"fan_out: {what} is {number!r}; it is a number of members, from 1 to {count}"
                )
        if plan.need is not None and plan.quorum is not None and plan.quorum > plan.need:
            raise ConfigError(
                f"fan_out: quorum is {plan.quorum}, and need, which is enough, only {plan.need}"
            )
        if plan.deadline_s is not None and not 0 < plan.deadline_s <= _YEAR_S:
            raise ConfigError(f"fan_out: deadline_s is {plan.deadline_s!r}; give seconds, at most a year")

    def _accepted(self) -> list[type]:
        """What every member takes."""
        members = {name: self.signature_of(name) for name in self._order}
        kinds = dict.fromkeys(kind for one in members.values() for kind in one.answers)
        shared = [kind for kind in kinds if all(one.takes(kind) for one in members.values())]
        if not shared:
            listed = "; ".join(f"{name!r} accepts {type_names(one.accepts)}" for name, one in members.items())
            raise ConfigError(
                f"fan_out: each message goes to all members, and none is accepted by all: {listed}"
            )
        return shared

    def _returned(self, kind: type) -> Kinds:
        """What becomes of the members' answers to a message of that type."""
        plan = self._plan
        try:
            kinds = plan.by.check({name: self.signature_of(name).answers_to((kind,)) for name in self._order})
            if plan.by.writer is not None:
                kinds = written_by(self.signature_of(WRITER))
        except ConfigError as exc:
            raise ConfigError(f"fan_out: {exc}") from exc
        return kinds if plan.report is None else (plan.report,)

    def signature(self) -> Signature:
        """What all members take, and what is made of their answers."""
        return Signature({kind: self._returned(kind) for kind in self._accepted()})

    def links(self) -> list[Link]:
        """To all at once, and together back."""
        label = self._plan.by.label
        out = [Link("", name) for name in self._order]
        if self._plan.by.writer is None:
            return [*out, *(Link(name, "", label) for name in self._order)]
        return [*out, *(Link(name, WRITER, label) for name in self._order), Link(WRITER, "")]

    def front(self, refs: dict[str, Ref]) -> Front:
        """The collector."""
        plan, count = self._plan, len(self._order)
        need = count if plan.need is None else plan.need
        enough = Enough(need=need, quorum=need if plan.quorum is None else plan.quorum, early=plan.early)
        writer = None
        if plan.by.writer is not None:
            writer = Writer(refs[WRITER], writers_form(self.signature_of(WRITER)))
            by = copy.copy(plan.by)
            by.writer = None  # the front has its ref; the agent need not travel with it
            plan = replace(plan, by=by)
        return Collector(plan, {name: refs[name] for name in self._order}, enough, writer)


def fan_out(
    *members: Any,
    by: Any,
    need: int | None = None,
    quorum: int | None = None,
    deadline_s: float | None = None,
    early: bool = True,
    report: bool | type[FanOutResult] = False,
    fronts: int = 1,
    **named: Any,
) -> FanOut:
    """Each message goes to all members at once, and one answer is made of theirs.

    Members are positional (named ``1``, ``2``, ...), by keyword, or one mapping of names. ``by``: a vote
    (:func:`~.voting.majority_vote`, :func:`~.voting.weighted_vote`, :func:`~.ranking.ranked_vote`),
    :func:`~.merging.merge_by_schema`, :func:`~.synthesis.synthesize`, :func:`~.concatenation.concatenate`, or a plain
    function ``(message, answers) -> answer``, where answers are by name, in the members' order.

    ``need``: usable answers that are enough; the members that still work are then cancelled. All, by default.
    ``quorum``: answers without which there is none: ``need``, by default, so that whoever wants to live with fewer says
    so. Fewer are :class:`~.errors.QuorumMissed`, unless the outcome cannot depend on those who are missing.
    ``deadline_s``: how long members are waited for; in any case less long than the asker waits, who else hears nothing.
    ``early``: a vote that cannot change any more ends at once; ``False`` hears everybody.
    No answer in spite of enough answers (a tie, no majority, a contradiction) is :class:`~.errors.Undecided`.

    ``report``: the answer comes in a :class:`~.fan_out_result.FanOutResult` (or a subclass that is given) with the
    votes, who dissented, who is missing and why, and whether it is partial; a tie is then no error, but said in it.
    ``fronts``: how many agents collect, behind the team's one address.
    """
    given = dict(members[0]) if len(members) == 1 and isinstance(members[0], Mapping) else None
    gathered = {str(index): member for index, member in enumerate(members, 1)} if given is None else given
    for name in named:
        if name in gathered:
            raise ConfigError(f"fan_out: two members are called {name!r}")
    form = FanOutResult if report is True else report or None
    if form is not None and not (isinstance(form, type) and issubclass(form, FanOutResult)):
        raise ConfigError(f"fan_out: report is {report!r}; give True, or a subclass of FanOutResult")
    try:
        aggregate = aggregate_of(by)
    except ConfigError as exc:
        raise ConfigError(f"fan_out: {exc}") from exc
    made = FanOut(gathered | named, Plan(aggregate, need, quorum, deadline_s, early, form))
    made.fronts = fronts
    return made
