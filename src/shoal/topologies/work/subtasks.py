"""Subtasks: what a task is divided into, by a function or by an agent, and the checks before any is begun. Pure.

An agent's answer crosses processes as data: a subtask's message then is a ``dict`` and ``kind`` names its class, which
must be one that a worker accepts. Who narrows the field, as ``class Step(Subtask): message: Ticket``, needs no kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shoal.runtime.codec import NATIVE, message, tag_of
from shoal.runtime.config import describe_invalid
from shoal.topologies.errors import BadSubtasks, ContextLost
from shoal.topologies.work.schedule import Job, broken_order

RESULTS = "results"
"""The field of a subtask's message that gets the answers of those it needs."""


@message("shoal.Subtask")
class Subtask(BaseModel):
    """One part of a task."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=200)
    """Its own among the subtasks of its task."""
    message: Any
    """What its worker gets. A class with a field ``results`` gets there, by id, the answers of those it needs."""
    kind: str = ""
    """The name of the message's class, where it travels as a ``dict``; set by itself from an object."""
    needs: tuple[str, ...] = ()
    """The ids of the subtasks that must be done before it begins."""
    priority: int = 0
    """Of those that could begin, the highest does first."""
    capability: str = ""
    """What its worker must be called, or able to do; empty: any worker that accepts the message."""

    @model_validator(mode="before")
    @classmethod
    def _name_kind(cls, fields: Any) -> Any:
        if (
            isinstance(fields, dict)
            and not fields.get("kind")
            and isinstance(fields.get("message"), BaseModel)
        ):
            return {**fields, "kind": type(fields["message"]).__name__}
        return fields


@message("shoal.Subtasks")
class Subtasks(BaseModel):
    """What a task is divided into: a decomposer's answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subtasks: tuple[Subtask, ...]
    """In any order: what each needs says when it begins."""


@dataclass(frozen=True, slots=True)
class Part:
    """A subtask as the orchestrator has it."""

    id: str
    message: Any
    capability: str = ""
    needs: tuple[str, ...] = ()
    priority: int = 0
    kind: type[BaseModel] | None = None
    """The class that the message, a ``dict``, still has to become when the results are there."""

    def given(self, results: Mapping[str, Any]) -> Any:
        """The message with the results of what it needs. Raises :class:`ContextLost` where they do not fit."""
        kind = self.kind or type(self.message)
        if not self.needs or not takes_results(kind):
            return self.message
        fields = self.message if self.kind is not None else shallow(self.message)
        try:
            return kind.model_validate({**fields, RESULTS: {one: results[one] for one in self.needs}})
        except ValidationError as exc:
            raise ContextLost(
                describe_invalid(f"subtask {self.id!r}: {kind.__name__}, with the results it needs,", exc),
                subtask=self.id,
            ) from exc


def parts_of(made: Any, who: str, kinds: Mapping[str, Iterable[type]], most: int) -> dict[str, Part]:
    """The subtasks that ``who`` made, by id, in their order.

    ``kinds``: the types of messages that can be given away, by capability, ``""`` for all workers. Raises
    :class:`BadSubtasks` when any of them cannot be done, before one is begun: too many, an id that is there twice, a
    need that is not there, a circle, a message that does not fit its class.
    """
    listed: Sequence[Any] | None = made.subtasks if isinstance(made, Subtasks) else made
    if not isinstance(listed, Sequence) or isinstance(listed, str | bytes):
        raise BadSubtasks(f"{who} answered {type(made).__name__}, not Subtasks or a list of messages")
    if len(listed) > most:
        raise BadSubtasks(f"{who} made {len(listed)} subtasks of one task; at most {most} (max_subtasks)")
    parts: dict[str, Part] = {}
    for index, one in enumerate(listed, 1):
        part = _part(one, who, kinds) if isinstance(one, Subtask) else Part(str(index), one)
        if part.id in parts:
            raise BadSubtasks(f"{who} made two subtasks with the id {part.id!r}; each needs its own")
        parts[part.id] = part
    wrong = broken_order([Job(part.id, part.needs, part.priority) for part in parts.values()])
    if wrong:
        raise BadSubtasks(f"{who} made subtasks that cannot be done: {wrong}")
    return parts


def takes_results(kind: type) -> bool:
    """Whether a message's class wants the results of the subtasks it needs."""
    return issubclass(kind, BaseModel) and RESULTS in kind.model_fields


def shallow(model: BaseModel) -> dict[str, Any]:
    """A model's fields as they are."""
    return {name: getattr(model, name) for name in type(model).model_fields}


def _part(subtask: Subtask, who: str, kinds: Mapping[str, Iterable[type]]) -> Part:
    content = subtask.message
    waits: type[BaseModel] | None = None
    if isinstance(content, dict):
        kind = _kind_of(subtask, who, tuple(kinds.get(subtask.capability, kinds.get("", ()))))
        if kind is not None:
            ready = _validated(subtask, kind, who)
            content, waits = (content, kind) if ready is None else (ready, None)
    return Part(subtask.id, content, subtask.capability, subtask.needs, subtask.priority, waits)


def _kind_of(subtask: Subtask, who: str, kinds: Sequence[type]) -> type[BaseModel] | None:
    """The class of a subtask's message that came as a ``dict``; ``None``: it stays one."""
    models = [kind for kind in kinds if issubclass(kind, BaseModel)]
    if subtask.kind:
        named = [kind for kind in models if subtask.kind in (kind.__name__, tag_of(kind))]
        if len(named) == 1:
            return named[0]
        if subtask.kind == NATIVE[dict]:
            return None
    elif dict in kinds or object in kinds:
        return None
    elif len(models) == 1:
        return models[0]
    names = ", ".join(sorted(kind.__name__ for kind in models)) or "no model"
    of = f"kind {subtask.kind!r}" if subtask.kind else "a message without a kind"
    raise BadSubtasks(
        f"{who}: subtask {subtask.id!r} has {of}; the workers that may get it accept {names}",
        subtask=subtask.id,
    )


def _validated(subtask: Subtask, kind: type[BaseModel], who: str) -> BaseModel | None:
    """The message; ``None`` when it is whole only with the results that it needs."""
    try:
        return kind.model_validate(subtask.message)
    except ValidationError as exc:
        others = [error for error in exc.errors(include_url=False) if error["loc"][:1] != (RESULTS,)]
        if subtask.needs and takes_results(kind) and not others:
            return None
        text = describe_invalid(f"{who}: subtask {subtask.id!r}: {kind.__name__}", exc)
        raise BadSubtasks(text, subtask=subtask.id) from exc
