"""The specification of a branch and of a whole hierarchy: what they check, accept, return and start."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.topologies.tree.checks import check_plan, kinds_taken, returned_by
from shoal.topologies.tree.contradictions import Reconsider
from shoal.topologies.tree.manager import BranchLead, BranchPlan
from shoal.topologies.tree.summaries import BranchReports, BranchSummary, HierarchyResult
from shoal.topologies.wiring.carrying import form_for, task_kinds
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.graph_data import Link
from shoal.topologies.wiring.signature import Kinds, Signature, either, kinds_of
from shoal.topologies.wiring.topology import Topology

_log = logging.getLogger("shoal.topologies")
OFFICES = ("manager", "divide", "summarize")
"""Names of those who are no members of a branch but work for its supervisor."""
DEEP, WIDE = 3, 8
"""Levels, and members of one branch, past which there is a warning: each level adds the latency of a summary, and one
supervisor that reads more than eight reports loses what is in them."""
_NAMED = 5


class Branch(Topology):
    """See :func:`branch`."""

    pattern = "hierarchy"

    def __init__(self, name: str, members: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self.name = name
        self._options = dict(options)
        self._offices = {office: one for office in OFFICES if _is_agent(one := options.get(office))}
        for taken in self._offices:
            if taken in members:
                raise ConfigError(
                    f"hierarchy: a member of {name!r} cannot be called {taken!r}: that name is taken"
                )
        super().__init__({**members, **self._offices})
        self._known: dict[str, Signature] = {}
        self._own: Signature | None = None
        self.workers = list(members)
        """The names of the members that are given parts."""

    # -- what it is ----------------------------------------------------------------------------------------

    @property
    def height(self) -> int:
        """Levels of supervisors, this one included."""
        return 1 + max((one.height for one in self.branches), default=0)

    @property
    def branches(self) -> list[Branch]:
        """The members that are branches."""
        return [one for name in self.workers if isinstance(one := self.members[name], Branch)]

    def plan(self) -> BranchPlan:
        """How it works. Called after ``validate`` of the base."""
        options = self._options
        cut = options["cut"]
        return BranchPlan(
            divide=self._office("divide"),
            summarize=self._office("summarize"),
            reports=self._reports(),
            summary=options["summary"],
            labels=self._labels(),
            agree_on=tuple(options["agree_on"]),
            find=options["contradictions"],
            on_contradiction=options["on_contradiction"],
            need=options["need"],
            # The lower, the sooner: else those above would give up a branch while it waits for its slowest member.
            cut=None if cut is None else 1.0 - (1.0 - cut) / self.height,
            parallel=options["parallel"],
        )

    def _office(self, what: str) -> Any:
        """A plain function, or the name of the member that does it."""
        given = self._options[what]
        if given is not None:
            return what if what in self._offices else given
        if "manager" in self._offices:
            takes = self.signature_of("manager")
            does = form_for(takes, BranchReports) if what == "summarize" else kinds_taken(takes)
            return "manager" if does else None
        return None

    def _reports(self) -> type:
        summarize = self._office("summarize")
        if isinstance(summarize, str):
            return form_for(self.signature_of(summarize), BranchReports) or BranchReports
        first = kinds_of(returned_by(summarize)[0]) if summarize is not None else None
        return first[0] if first and issubclass(first[0], BranchReports) else BranchReports

    def summaries(self) -> Kinds:
        """The types of what goes up."""
        if self._options["summary"] is not None:
            return (self._options["summary"],)
        summarize = self._office("summarize")
        if summarize is None:
            return (HierarchyResult,)
        if isinstance(summarize, str):
            return self.signature_of(summarize).answers_to((self._reports(),))
        return kinds_of(returned_by(summarize)[1])

    def _labels(self) -> bool:
        kinds = self.summaries()
        return bool(kinds) and all(
            isinstance(kind, type) and issubclass(kind, BranchSummary) for kind in kinds or ()
        )

    # -- what a topology says of itself --------------------------------------------------------------------

    def validate(self) -> None:
        """Members, offices, options, and what goes down and up between them."""
        super().validate()
        if not self.workers:
            raise ConfigError(f"hierarchy: branch {self.name!r} has no members: give it at least one")
        check_plan(self.name, self.plan(), self._options, {name: self.signature_of(name) for name in self.members},
                   self.workers)  # fmt: skip
        if self.plan().on_contradiction == "ask_again":
            for name, form in self._again().items():
                if form is None:
                    raise ConfigError(
                        f"hierarchy: on_contradiction is 'ask_again', and member {name!r} of {self.name!r} does not "
                        "take shoal.Reconsider: give it a handler for that, or choose 'report' or 'fail'"
                    )
        if not self._accepted():
            raise ConfigError(
                f"hierarchy: the members of {self.name!r} have no type of message in common: give divide, which makes "
                "parts for each of them"
            )

    def _accepted(self) -> list[type]:
        options, divide = self._options, self._office("divide")
        if options["accepts"] is not None:
            return [options["accepts"]]
        if isinstance(divide, str):
            return list(kinds_taken(self.signature_of(divide)))
        if divide is not None:
            return list(kinds_of(returned_by(divide)[0]) or (object,))
        members = [self.signature_of(name) for name in self.workers]
        kinds = dict.fromkeys(kind for one in members for kind in task_kinds(one, Reconsider))
        return [kind for kind in kinds if all(one.takes(kind) for one in members)]

    def _again(self) -> dict[str, type | None]:
        """In which form each member can be asked to reconsider."""
        forms: dict[str, type | None] = {}
        for name in self.workers:
            signature = self.signature_of(name)
            form = form_for(signature, Reconsider)
            explicit = form is not None and form in signature.answers and issubclass(form, Reconsider)
            forms[name] = form if explicit or not isinstance(self.members[name], Topology) else None
        return forms

    def signature_of(self, name: str) -> Signature:
        """As of any topology; found out once: in a tree of thousands, each level asks for those below."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = super().signature_of(name)
        return known

    def signature(self) -> Signature:
        """What is divided; the summary. Where all its members can reconsider, so can it."""
        if self._own is None:
            accepted = self._accepted()
            if all(form is not None and form is not str for form in self._again().values()):
                accepted.append(Reconsider)
            self._own = Signature(dict.fromkeys(accepted, self.summaries()))
        return self._own

    def links(self) -> list[Link]:
        """Parts down, summaries up."""
        plan = self.plan()
        divider = plan.divide if isinstance(plan.divide, str) else ""
        summarizer = plan.summarize if isinstance(plan.summarize, str) else ""
        found = [Link("", divider, "divide")] if divider else []
        for name in self.workers:
            up = either([self.signature_of(name).returns])
            label = ", ".join(kind.__name__ for kind in up or ())
            found += [Link(divider, name, "part" if plan.divide else ""), Link(name, summarizer, label)]
        return found + ([Link(summarizer, "", "summary")] if summarizer else [])

    def front(self, refs: dict[str, Ref]) -> Front:
        """The supervisor of this branch."""
        return BranchLead(
            self.plan(),
            {name: refs[name] for name in self.workers},
            {name: self.signature_of(name) for name in self.workers},
            self._again(),
            {name: refs[name] for name in self._offices},
        )


class Hierarchy(Branch):
    """See :func:`hierarchy`."""

    def validate(self) -> None:
        """As any branch; and warns of a tree that is too deep or too wide."""
        super().validate()
        for warning in warnings_of(self):
            _log.warning("%s", warning)


def warnings_of(tree: Branch) -> list[str]:
    """What is unwise about the shape of a tree. Pure."""
    found = []
    if tree.height > DEEP:
        found.append(
            f"hierarchy {tree.name!r} is {tree.height} levels deep: past {DEEP}, each adds a summary that loses "
            "something, and its time; make branches wider, or give some of them to one agent"
        )
    wide, queue = [], [tree]
    while queue:
        one = queue.pop(0)
        queue.extend(one.branches)
        if len(one.workers) > WIDE:
            wide.append(f"{one.name} has {len(one.workers)}")
    if wide:
        others = f", and {len(wide) - _NAMED} more" if len(wide) > _NAMED else ""
        found.append(
            f"hierarchy {tree.name!r} has branches wider than {WIDE}: {', '.join(wide[:_NAMED])}{others}; who "
            "summarizes those loses what they say: put some into branches of their own"
        )
    return found


def _is_agent(one: Any) -> bool:
    """Whether it is to be started; plain functions run in the supervisor."""
    if one is None:
        return False
    if asyncio.iscoroutinefunction(one) or isinstance(one, type):
        return True
    return not callable(one) or hasattr(one, "handler_table")
