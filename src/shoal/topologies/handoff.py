"""Handoff: agents pass a task on among themselves, each with what it knows, until one answers.

Failure modes and what is done about them: ping-pong → hand-overs are counted, those back and forth by themselves, and
the default agent gets what goes too often, once; context lost at a hand-over → a transfer must say goal and reason
(MAST FM-2.4), and who is handed a task must take that; nobody fits → the default agent, or an error that names who
there is; nobody knows why it went where → each transfer is logged with its reason, and a record has all of them.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.runtime.system import System
from shoal.topologies.review.reviewed import named_members
from shoal.topologies.transfers.conversations import Conversations
from shoal.topologies.transfers.rules import TransferRules, reached
from shoal.topologies.transfers.switchboard import Switchboard
from shoal.topologies.transfers.transfer import Handed, HandoffRecord, Transfer
from shoal.topologies.wiring.carrying import form_for, task_kinds, without
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.graph_data import Link
from shoal.topologies.wiring.signature import Kinds, Signature, either, type_names
from shoal.topologies.wiring.team import Team
from shoal.topologies.wiring.topology import Topology

_DAY_S = 24 * 3600.0
_MOST_TRANSFERS = 1000


class Handoff(Topology):
    """See :func:`handoff`."""

    pattern = "handoff"

    def __init__(
        self,
        agents: dict[str, Any],
        start: str,
        rules: TransferRules,
        needs_context: bool,
        conversations: Conversations | None,
        record: type[HandoffRecord] | None,
    ) -> None:
        super().__init__(agents)
        self._start, self._given, self._needs_context = start, rules, needs_context
        self._conversations, self._record = conversations, record

    def validate(self) -> None:
        """Names, limits, who may hand over to whom, that all can be reached and take what they are handed."""
        super().validate()
        rules = self._given
        named = {"start": [self._start], "default": [rules.default] if rules.default is not None else []}
        for by, targets in (rules.allowed or {}).items():
            named["allowed"] = [*named.get("allowed", []), by, *targets]
        for what, names in named.items():
            for name in names:
                if name not in self.members:
                    raise ConfigError(
                        f"handoff: {what} names {name!r}, and nobody is called so; there are {', '.join(self.members)}"
                    )
        if not task_kinds(self.signature_of(self._start), Handed):
            raise ConfigError(
                f"handoff: {self._start!r} takes only what is handed over: no task would reach it"
            )
        self._check_limits()
        self._check_literals()
        self._check_reached()
        self._check_taken()

    def signature(self) -> Signature:
        """What the first agent takes, and what any of them answers that is no transfer; with a record, that."""
        start = self.signature_of(self._start)
        returns: Kinds = (self._record,) if self._record is not None else self._answers()
        return Signature(dict.fromkeys(task_kinds(start, Handed), returns))

    def links(self) -> list[Link]:
        """Who may hand over to whom."""
        links = [Link("", self._start)]
        for by, targets in self._follows().items():
            links += [Link(by, to, "handoff") for to in targets]
        return links

    def front(self, refs: dict[str, Ref]) -> Front:
        """The switchboard."""
        signatures = {name: self.signature_of(name) for name in self.members}
        forms = {name: form_for(signature, Handed) for name, signature in signatures.items()}
        return Switchboard(
            refs, forms, signatures, self._start, self._rules, self._conversations, self._record
        )

    async def start(self, system: System, name: str) -> Team:
        """As of any team; the board that knows the conversations is opened first."""
        if self._conversations is not None:
            await system.board(self._conversations.region).open()
        return await super().start(system, name)

    # -- inside --------------------------------------------------------------------------------------------

    @property
    def _rules(self) -> TransferRules:
        """As given; one who starts and takes only tasks is handed nothing back, where nothing else is said."""
        rules = self._given
        if not self._needs_context or rules.allowed is not None or self._takes_handed(self._start):
            return rules
        others = tuple(name for name in self.members if name != self._start)
        return replace(rules, allowed=dict.fromkeys(self.members, others))

    def _takes_handed(self, name: str) -> bool:
        return form_for(self.signature_of(name), Handed) is not None

    def _check_limits(self) -> None:
        rules = self._given
        for what, value, least in (
            ("most_transfers", rules.most_transfers, 0), ("most_bounces", rules.most_bounces, 0),
        ):  # fmt: skip
            if not isinstance(value, int) or not least <= value <= _MOST_TRANSFERS:
                raise ConfigError(
                    f"handoff: {what} is {value!r}; give a whole number from {least} to {_MOST_TRANSFERS}"
                )
        for field in rules.requires:
            if field not in Transfer.model_fields:
                raise ConfigError(
                    f"handoff: requires names {field!r}, which is no field of Transfer: it has "
                    f"{', '.join(Transfer.model_fields)}"
                )
        conversations = self._conversations
        if conversations is None:
            return
        if not conversations.keep_s > 0:
            raise ConfigError(f"handoff: keep_s is {conversations.keep_s!r}; give seconds")
        for kind in task_kinds(self.signature_of(self._start), Handed):
            fields = getattr(kind, "model_fields", None)
            if kind is not object and (fields is None or conversations.field not in fields):
                raise ConfigError(
                    f"handoff: conversation={conversations.field!r} is no field of {type_names((kind,))}"
                )

    def _check_literals(self) -> None:
        """The names that the agents' own transfers spell out."""
        for by, names in self._spelt_out().items():
            for to in names:
                if to not in self._rules.targets(by) and to != self._rules.default:
                    raise ConfigError(
                        f"handoff: {by!r} can hand over to {to!r}, and "
                        + ("allowed does not say so" if to in self.members else "nobody is called so")
                    )

    def _check_reached(self) -> None:
        found = reached(self._start, self._follows())
        lost = [name for name in self.members if name not in found]
        if lost:
            raise ConfigError(
                f"handoff: nobody can hand anything over to {', '.join(map(repr, lost))}: an agent before has to "
                "answer shoal.Transfer, and be allowed to"
            )

    def _check_taken(self) -> None:
        tasks = task_kinds(self.signature_of(self._start), Handed)
        handed_to = {to for targets in self._follows().values() for to in targets}
        for name in self.members:
            if name not in handed_to or self._takes_handed(name):
                continue
            signature = self.signature_of(name)
            takes = type_names(signature.accepts)
            if self._needs_context:
                raise ConfigError(
                    f"handoff: {name!r} accepts {takes}, and would not see why a task is handed to it: let it take "
                    "shoal.Handed too, or str, or put it behind shoal.edge(..., context=shoal.Whole()), or say "
                    "needs_context=False"
                )
            for kind in tasks:
                if not signature.takes(kind):
                    raise ConfigError(
                        f"handoff: {name!r} accepts {takes}, and the task may be {type_names((kind,))}"
                    )

    def _answers(self) -> Kinds:
        return either(without(self.signature_of(name).returns, Transfer) for name in self.members)

    def _follows(self) -> dict[str, Sequence[str]]:
        """Who can hand over to whom, as far as is known."""
        spelt = self._spelt_out()
        found: dict[str, Sequence[str]] = {}
        for name in self.members:
            returns = self.signature_of(name).returns
            if returns is not None and not any(issubclass(kind, Transfer) for kind in returns):
                continue
            to = [one for one in spelt.get(name, self._rules.targets(name)) if one != name]
            default = self._rules.default
            found[name] = to if default in (None, name, *to) else [*to, str(default)]
        return found

    def _spelt_out(self) -> dict[str, list[str]]:
        """By agent, the names in ``to: Literal[...]``, where all its transfers have that."""
        found: dict[str, list[str]] = {}
        for name in self.members:
            kinds = [kind for kind in self.signature_of(name).returns or () if issubclass(kind, Transfer)]
            to: list[Any] = [field.annotation for kind in kinds for field in [kind.model_fields["to"]]]
            if kinds and all(typing.get_origin(one) is Literal for one in to):
                found[name] = [target for one in to for target in typing.get_args(one)]
        return found


def handoff(
    *agents: Any,
    start: str | None = None,
    default: str | None = None,
    most_transfers: int = 8,
    most_bounces: int = 2,
    allowed: Mapping[str, Sequence[str]] | None = None,
    requires: Sequence[str] = ("goal", "reason"),
    needs_context: bool = True,
    conversation: str = "",
    region: str = "main",
    keep_s: float = _DAY_S,
    record: bool | type[HandoffRecord] = False,
    **named: Any,
) -> Handoff:
    """Agents or teams (positional, by keyword, or as a mapping) that hand a task over to one another.

    Each answers the task, or with a ``shoal.Transfer``: ``to`` whom, ``goal``, ``reason``, what was ``tried``,
    ``state``, ``payload``. The next one gets a ``shoal.Handed``: that, the task itself, and the path so far (a
    subclass can name the types; an agent that takes ``str`` gets the text; one behind ``shoal.edge(agent,
    context=shoal.Whole())`` the whole history). An LLM agent hands over with ``output=Reply | shoal.Transfer`` and
    takes ``input=Ticket | shoal.Handed``. ``needs_context``: an agent that takes none of these is refused, and the
    one that starts is handed nothing back; with ``False`` they get the bare task.

    ``start``: who gets the task first (the first given). ``default``: who gets a transfer to somebody unknown or not
    ``allowed``, and, once, a task that was handed over more than ``most_transfers`` times, or more than
    ``most_bounces`` times straight back; then, or without a default, the task fails with ``HandoffLoop`` or
    ``HandoverRefused``. ``allowed``: by name, to whom an agent may hand over (everybody to everybody, without it).
    ``requires``: the fields of a transfer that must say something.

    ``conversation``: the field of the task that says which conversation it belongs to. Later messages of it go
    straight to the agent that answered last; who that is stands on the blackboard (``region``), and is forgotten
    ``keep_s`` after its last message. Two messages of one conversation at the same time may go to two agents; the
    later answer keeps it. ``record``: answer with a ``shoal.HandoffRecord``, which has the path. Each transfer is
    logged with its reason.
    """
    members = named_members("handoff", agents, named, ())
    may = None if allowed is None else {by: tuple(targets) for by, targets in allowed.items()}
    rules = TransferRules(tuple(members), default, may, most_transfers, most_bounces, tuple(requires))
    conversations = Conversations(conversation, region, keep_s) if conversation else None
    first = start if start is not None else next(iter(members), "")
    return Handoff(members, first, rules, needs_context, conversations, _record_kind(record))


def _record_kind(record: Any) -> type[HandoffRecord] | None:
    if isinstance(record, type) and issubclass(record, HandoffRecord):
        return record
    if not isinstance(record, bool):
        raise ConfigError(f"handoff: record is {record!r}; give True, False or a subclass of HandoffRecord")
    return HandoffRecord if record else None
