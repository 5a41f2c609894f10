"""Synthesis: an agent writes one answer out of all, and is told in what they contradict each other.

What it writes may be an answer that no member gave; that is its job. So it is shown who said what, the contradictions
are found by comparison and not by it, and the report has them too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from shoal.runtime.codec import message
from shoal.runtime.errors import ConfigError
from shoal.topologies.answers.aggregate import Aggregate, Answers, Outcome
from shoal.topologies.answers.ballot import ballots, value_of
from shoal.topologies.answers.merging import contradiction
from shoal.topologies.tree.contradictions import Contradiction
from shoal.topologies.wiring.carrying import Carrying, as_data, form_for, make_form
from shoal.topologies.wiring.history import as_text
from shoal.topologies.wiring.signature import Kinds, Signature, type_names


@message("shoal.Synthesis")
class Synthesis(Carrying):
    """What the agent is asked that writes one answer out of several. As text it reads as a prompt.

    A subclass may name the types of ``task`` and of the ``answers``; see :mod:`.carrying`.
    """

    task: Any = None
    """What the team was asked."""
    answers: dict[str, Any]
    """By the members' names, in their order."""
    conflicts: tuple[Contradiction, ...] = ()
    """Where they contradict each other: by field, or as a whole (``about`` is then empty) where they have none."""
    missing: tuple[str, ...] = ()
    """Members who gave no answer."""

    def __str__(self) -> str:
        lines = [
            f"Task: {as_text(self.task)}",
            "",
            *(f"{name}: {as_text(one)}" for name, one in self.answers.items()),
        ]
        if self.conflicts:
            lines += ["", "They contradict each other:", *(f"- {one}" for one in self.conflicts)]
        if self.missing:
            lines += ["", f"No answer came from: {', '.join(self.missing)}"]
        return "\n".join(lines)


class Synthesizing(Aggregate):
    """See :func:`synthesize`."""

    label = "synthesized"
    decides_always = True

    def __init__(self, agent: Any, fields: Sequence[str]) -> None:
        self.writer = agent
        self._fields = tuple(fields)

    def check(self, answers: Mapping[str, Kinds]) -> Kinds:
        """Any answers will do; the fields that are compared belong to some."""
        models = [kind for kinds in answers.values() for kind in (dict,) if kinds is None] + [
            kind for kinds in answers.values() for kind in kinds or ()
        ]
        for field in self._fields:
            if not any(kind is dict or field in getattr(kind, "model_fields", ()) for kind in models):
                raise ConfigError(f"synthesize: no member's answers have the field {field!r}")
        return None

    def combine(self, message: Any, answers: Answers, missing: Collection[str] = ()) -> Outcome:
        """What the agent is asked, as parts of a :class:`Synthesis`."""
        conflicts = conflicts_of(answers, self._fields)
        return Outcome(
            Synthesis(
                task=message,
                answers={name: as_data(answer) for name, answer in answers.items()},
                conflicts=conflicts,
                missing=tuple(missing),
            ),
            conflicts=conflicts,
        )


def conflicts_of(answers: Answers, fields: Sequence[str] = ()) -> tuple[Contradiction, ...]:
    """Where answers differ: in the ``fields``, or those that two of them at least have; else as a whole."""
    found = []
    for field in fields or _shared_fields(answers) or ("",):
        values = {name: value_of(answer, field) for name, answer in answers.items()}
        values = {name: value for name, value in values.items() if value is not None}
        if len(set(ballots(values).values())) > 1:
            found.append(contradiction(field, values))
    return tuple(found)


def _shared_fields(answers: Answers) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    for answer in answers.values():
        names = answer if isinstance(answer, dict) else getattr(type(answer), "model_fields", ())
        for name in names:
            if isinstance(name, str):
                seen[name] = seen.get(name, 0) + 1
    return tuple(name for name, times in seen.items() if times > 1)


def writers_form(writer: Signature) -> type:
    """In which form who writes takes the synthesis. Raises :class:`ConfigError` when in none."""
    form = form_for(writer, Synthesis)
    if form is None:
        raise ConfigError(
            f"synthesize: the agent accepts {type_names(writer.accepts)}, neither Synthesis (shoal.Synthesis) nor str"
        )
    return form


def written_by(writer: Signature) -> Kinds:
    """What who writes returns. Raises :class:`ConfigError` when it cannot be asked."""
    return writer.answers_to((writers_form(writer),))


def in_form(synthesis: Synthesis, task: Any, form: type) -> Any:
    """The synthesis as who writes takes it. Raises ``ContextLost`` when it does not fit the types it declares."""
    if form in (Synthesis, str):
        return str(synthesis) if form is str else synthesis
    fields = {name: getattr(synthesis, name) for name in Synthesis.model_fields}
    return make_form(form, Synthesis, "the writer", **(fields | {"task": task}))


def synthesize(agent: Any, *, fields: Sequence[str] = ()) -> Synthesizing:
    """An agent (of a model, a class, an async function, a team) that writes one answer out of all.

    It takes :class:`Synthesis`: the task, who answered what, where they contradict each other, and who is missing; or
    ``str``, and gets the same as text. ``fields``: those of the answers that are compared for contradictions; free
    texts always differ.
    """
    return Synthesizing(agent, fields)
