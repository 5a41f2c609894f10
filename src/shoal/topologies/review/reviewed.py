"""The specification that debate and accepted share: one who makes an answer, those who check it, perhaps a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from shoal.actors.llm.validators import Judgement, Verdict
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.topologies.review.checks import check_checks
from shoal.topologies.review.debate_record import DebateRecord
from shoal.topologies.review.distinct import check_distinct
from shoal.topologies.review.evidence import DEMANDS
from shoal.topologies.review.revision import Decision, Dispute, Proposal, Revision
from shoal.topologies.review.rounds import Rounds, Rules, Seat
from shoal.topologies.wiring.carrying import form_for, task_kinds
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.graph_data import Link
from shoal.topologies.wiring.signature import Kinds, Signature, type_names
from shoal.topologies.wiring.topology import Topology

MOST_ROUNDS = 100
JUDGE = "judge"


class Reviewed(Topology):
    """See :func:`~.debate.debate` and :func:`~.accepted.accepted`."""

    maker: str
    """What the one who makes the answer is called."""
    checker: str
    """What those who check it are called, together."""

    def __init__(
        self, maker: Any, checkers: Mapping[str, Any], judge: Any, rules: Rules, distinct: bool, most: int | None
    ) -> None:  # fmt: skip
        """``most``: how many checkers have to agree; ``None``: all."""
        judges = {} if judge is None else {JUDGE: judge}
        super().__init__({self.maker: maker, **checkers, **judges})
        self._checkers = tuple(checkers)
        self._has_judge = judge is not None
        self._distinct = distinct
        self._rules = replace(rules, needed=len(checkers) if most is None else most)

    def validate(self) -> None:
        """Numbers, checks, that each takes what it is given and answers what is wanted, and that none checks itself."""
        super().validate()
        rules, name = self._rules, self.pattern
        if not isinstance(rules.rounds, int) or not 1 <= rules.rounds <= MOST_ROUNDS:
            raise ConfigError(f"{name}: {rules.rounds!r} rounds; give a whole number from 1 to {MOST_ROUNDS}")
        if not self._checkers and not rules.checks and rules.returns is None:
            raise ConfigError(f"{name}: nothing checks the answer: give {self.checker}, or checks")
        least = 1 if self._checkers else 0
        if not isinstance(rules.needed, int) or not least <= rules.needed <= len(self._checkers):
            raise ConfigError(
                f"{name}: {rules.needed!r} of {len(self._checkers)} {self.checker} cannot agree; give "
                f"{least} to {len(self._checkers)}"
            )
        if rules.demand not in DEMANDS:
            raise ConfigError(
                f"{name}: evidence is {rules.demand!r}; it must be one of {', '.join(map(repr, DEMANDS))}"
            )
        check_checks(name, rules.checks)
        if self._distinct:
            check_distinct(
                name, self.members, "give it other instructions or another model, or say distinct=False"
            )
        self._check_maker()
        for checker in self._checkers:
            form = self._form_for_checker(checker)
            self._check_answer(checker, self._drafts() if form is None else (form,), Verdict)
        if self._has_judge:
            self._check_judge()

    def signature(self) -> Signature:
        """The maker's, but for its revisions; with a record, that."""
        record = self._rules.record
        returns: Kinds = (record,) if record is not None else self._drafts()
        return Signature(dict.fromkeys(self._tasks(), returns))

    def links(self) -> list[Link]:
        """The draft to each checker, objections back, what is left to the judge."""
        links = [Link("", self.maker)]
        for checker in self._checkers:
            links += [Link(self.maker, checker, "draft"), Link(checker, self.maker, "objections")]
        if self._has_judge:
            links += [Link(checker, JUDGE, "dispute") for checker in self._checkers]
            links.append(Link(JUDGE, "", "decision"))
        return [*links, Link(self.maker, "", "accepted")]

    def front(self, refs: dict[str, Ref]) -> Front:
        """Who leads the rounds."""
        maker = Seat(refs[self.maker], form_for(self.signature_of(self.maker), Revision))
        checkers = {name: Seat(refs[name], self._form_for_checker(name)) for name in self._checkers}
        judge = None
        if self._has_judge:
            judge = Seat(refs[JUDGE], form_for(self.signature_of(JUDGE), Dispute))
        return Rounds(maker, checkers, judge, self._rules)

    def _tasks(self) -> tuple[type, ...]:
        """What the maker takes; what it answers with a verdict is its work as a checker elsewhere."""
        maker = self.signature_of(self.maker)
        return tuple(kind for kind in task_kinds(maker, Revision) if maker.answers[kind] != (Verdict,))

    def _answers(self) -> Kinds:
        """The types of what the maker makes."""
        maker = self.signature_of(self.maker)
        form = form_for(maker, Revision)
        return maker.answers_to((*self._tasks(), *((form,) if form is not None else ())))

    def _drafts(self) -> Kinds:
        """The types of the answers."""
        return (self._rules.returns,) if self._rules.returns is not None else self._answers()

    def _check_maker(self) -> None:
        maker, rules = self.signature_of(self.maker), self._rules
        tasks = self._tasks()
        if not tasks:
            raise ConfigError(f"{self.pattern}: {self.maker!r} takes no task: nothing would reach it")
        if rules.rounds > 1 and form_for(maker, Revision) is None:
            raise ConfigError(
                f"{self.pattern}: {self.maker!r} accepts {type_names(maker.accepts)}, and could not be told what is "
                f"wrong with its answer: let it take {type_names(tasks)} | shoal.Revision, or str, or only once "
                "make an answer"
            )
        returns = rules.returns
        for kind in self._answers() or ():
            if returns is not None and kind is not dict and not issubclass(kind, returns):
                raise ConfigError(
                    f"{self.pattern}: {self.maker!r} returns {type_names((kind,))}, which is no {returns.__name__}"
                )

    def _form_for_checker(self, name: str) -> type | None:
        """What it is asked in; ``None``: the answer itself."""
        signature, drafts = self.signature_of(name), self._drafts()
        for kind in signature.answers:
            if kind is Judgement or (kind is not object and issubclass(kind, Proposal)):
                return kind
        if signature.takes(Judgement):
            return Judgement
        if drafts is None:
            return str if str in signature.answers else None
        if all(signature.takes(kind) for kind in drafts):
            return None
        if signature.takes(str):
            return str
        raise ConfigError(
            f"{self.pattern}: {name!r} accepts {type_names(signature.accepts)}, and cannot be asked about "
            f"{type_names(drafts)}: let it take that, shoal.Judgement or shoal.Proposal"
        )

    def _check_answer(self, name: str, asked: Kinds, wanted: type[BaseModel]) -> None:
        for kind in self.signature_of(name).answers_to(asked) or ():
            if not issubclass(kind, wanted):
                raise ConfigError(
                    f"{self.pattern}: {name!r} answers {type_names((kind,))}, not shoal.{wanted.__name__}"
                )

    def _check_judge(self) -> None:
        signature = self.signature_of(JUDGE)
        form = form_for(signature, Dispute)
        if form is None:
            raise ConfigError(
                f"{self.pattern}: the judge accepts {type_names(signature.accepts)}: let it take shoal.Dispute, or str"
            )
        self._check_answer(JUDGE, (form,), Decision)


def record_kind(pattern: str, record: Any) -> type[DebateRecord] | None:
    """What ``record=`` says. Raises :class:`ConfigError`."""
    if isinstance(record, type) and issubclass(record, DebateRecord):
        return record
    if not isinstance(record, bool):
        raise ConfigError(f"{pattern}: record is {record!r}; give True, False or a subclass of DebateRecord")
    return DebateRecord if record else None


def named_members(
    pattern: str, members: Sequence[Any], named: Mapping[str, Any], taken: tuple[str, ...]
) -> dict[str, Any]:
    """Members in order, named ``1``, ``2``, ..., and by keyword; one that is a mapping gives several by their names.

    Raises :class:`ConfigError`: a name is taken.
    """
    found: dict[str, Any] = {}
    parts = [(str(place), member) for place, member in enumerate(members, 1)]
    for place, member in [*parts, *named.items()]:
        several: Mapping[str, Any] = member if isinstance(member, Mapping) else {place: member}
        for name, one in several.items():
            if name in found or name in taken:
                raise ConfigError(f"{pattern}: two members are called {name!r}")
            found[name] = one
    return found
