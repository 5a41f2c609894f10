"""An edge: what a member of a team gets to see, and what has to be true of what it says before it goes on.

Without one, a member gets the message as it is, one typed object. :func:`edge` makes another choice, for one member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from shoal.actors.llm.memory import Summary, Whole
from shoal.actors.llm.validators import Judgement, Verdict
from shoal.runtime.config import describe_invalid
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.topologies.errors import CheckFailed, ContextLost, SourcesMissing
from shoal.topologies.wiring.history import History, Turn, as_text, short_history, whole_history
from shoal.topologies.wiring.signature import Kinds, Signature, type_names
from shoal.topologies.wiring.sources import can_have_sources, missing_sources

Seen = type[BaseModel] | Whole | Summary | None
_CRITERION = "What the answer states is supported by the question, and nothing in it is made up."


@dataclass(frozen=True)
class Edge:
    """A member and the edge to it; see :func:`edge`."""

    agent: Any
    context: Seen
    require_sources: bool
    checker: Any
    criterion: str


def edge(
    agent: Any,
    *,
    context: Seen = None,
    require_sources: bool = False,
    checker: Any = None,
    criterion: str = _CRITERION,
) -> Edge:
    """A member of a team (whatever can be one) with an edge of its own.

    ``context``: what the member gets. ``None``: the message as it is. A model class: an object of that class, made of
    the fields of the message that it declares; the member sees nothing else. ``shoal.Whole()``: the task and all that
    was said before it, as :class:`~shoal.topologies.wiring.history.History` (or text, for a member that takes ``str``).
    ``shoal.Summary(tokens=500)``: the same within a budget; the newest turns stay, and what is left out is said.

    ``require_sources``: an answer without sources (see :mod:`shoal.topologies.wiring.sources`) fails the task.
    ``checker``: another agent, started with the team, that takes a ``Judgement`` (message, answer, ``criterion``) and
    answers a ``Verdict``; an answer that it does not find good fails the task.
    """
    return Edge(agent, context, require_sources, checker, criterion)


@dataclass(frozen=True)
class EdgeRules:
    """An edge as the front has it."""

    context: Seen
    history_as_text: bool
    require_sources: bool
    checker: Ref | None
    criterion: str

    @property
    def needs_history(self) -> bool:
        """Whether what others said has to be kept for it."""
        return isinstance(self.context, Whole | Summary)

    def given(self, message: Any, task: Any, turns: Sequence[Turn]) -> Any:
        """What the member gets in place of ``message``. Raises :class:`ContextLost`."""
        context = self.context
        if context is None:
            return message
        if isinstance(context, type):
            return projected(message, context)
        if isinstance(context, Summary):
            history = short_history(task, turns, context.tokens)
        else:
            history = whole_history(task, turns)
        return str(history) if self.history_as_text else history

    def check_sources(self, answer: Any, who: str) -> None:
        """Raises :class:`SourcesMissing`."""
        lacking = missing_sources(answer) if self.require_sources else ""
        if lacking:
            raise SourcesMissing(f"{who} answered without sources: {lacking}", member=who)

    def judgement(self, message: Any, answer: Any) -> Judgement:
        """What the checker is asked."""
        return Judgement(question=as_text(message), answer=as_text(answer), criterion=self.criterion)


def check_verdict(verdict: Any, who: str) -> None:
    """Raises :class:`CheckFailed` when the checker did not find the answer good."""
    if not isinstance(verdict, Verdict):
        raise CheckFailed(
            f"the checker of {who} answered {type(verdict).__name__}, not a Verdict", member=who
        )
    if not verdict.good:
        why = verdict.why or "it gave no reason"
        raise CheckFailed(f"the checker refused the answer of {who}: {why}", member=who, why=verdict.why)


def projected(message: Any, view: type[BaseModel]) -> BaseModel:
    """The fields of ``message`` that ``view`` declares, as a ``view``. Raises :class:`ContextLost`."""
    if isinstance(message, BaseModel):
        fields = {name: getattr(message, name) for name in type(message).model_fields}
    elif isinstance(message, dict):
        fields = message
    else:
        raise ContextLost(
            f"{view.__name__} cannot be made of {type(message).__name__}: it has no fields",
            view=view.__name__,
        )
    try:
        return view.model_validate({name: fields[name] for name in view.model_fields if name in fields})
    except ValidationError as exc:
        raise ContextLost(
            describe_invalid(f"{view.__name__}, made of {type(message).__name__},", exc), view=view.__name__
        ) from exc


class _Projecting(Signature):
    """Takes every model that has the fields."""

    def __init__(self, view: type[BaseModel], returns: Kinds) -> None:
        super().__init__({object: returns})
        object.__setattr__(self, "_view", view)

    def takes(self, kind: type) -> bool:
        view: type[BaseModel] = self._view  # type: ignore[attr-defined]
        if kind in (dict, object):
            return True
        needed = {name for name, field in view.model_fields.items() if field.is_required()}
        return issubclass(kind, BaseModel) and needed <= set(kind.model_fields)


def through(edge: Edge, inner: Signature) -> Signature:
    """What the member behind an edge accepts and returns, seen from before it. Raises :class:`ConfigError`."""
    context = edge.context
    if context is None:
        return inner
    if isinstance(context, type):
        if not issubclass(context, BaseModel):
            raise ConfigError(f"its edge: context is {context.__name__}, which is no Pydantic model")
        if not inner.takes(context):
            raise ConfigError(
                f"its edge gives it {context.__name__}, and it accepts {type_names(inner.accepts)}"
            )
        return _Projecting(context, inner.answers_to((context,)))
    kind = _history_kind(inner)
    if kind is None:
        raise ConfigError(
            f"its edge gives it the history, as History or str, and it accepts {type_names(inner.accepts)}"
        )
    return Signature({object: inner.answers_to((kind,))})


def check_edge(edge: Edge, inner: Signature, checker: Signature | None) -> None:
    """Raise :class:`ConfigError` for an edge that cannot work."""
    if edge.context is not None and not isinstance(edge.context, type | Whole | Summary):
        raise ConfigError(
            f"its edge: context is {edge.context!r}; give a model class, shoal.Whole() or shoal.Summary(tokens=...)"
        )
    through(edge, inner)
    if edge.require_sources:
        for kind in inner.returns or ():
            if not can_have_sources(kind):
                raise ConfigError(
                    f"its edge requires sources, and {type_names((kind,))} cannot carry any: give it a field "
                    "`sources`, or claims (shoal.Claim)"
                )
    if checker is not None:
        if not checker.takes(Judgement):
            raise ConfigError(f"its checker accepts {type_names(checker.accepts)}, not Judgement")
        for kind in checker.answers_to((Judgement,)) or ():
            if kind is not Verdict:
                raise ConfigError(f"its checker answers {type_names((kind,))}, not Verdict")


def rules_of(edge: Edge, inner: Signature, checker: Ref | None) -> EdgeRules:
    """The edge as a front needs it."""
    as_str = _history_kind(inner) is str
    return EdgeRules(edge.context, as_str, edge.require_sources, checker, edge.criterion)


def _history_kind(inner: Signature) -> type | None:
    return next((kind for kind in (History, str) if kind in inner.answers), None) or (
        History if object in inner.answers else None
    )
