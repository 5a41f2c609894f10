"""The message that a task's input becomes: of a type the team accepts. Pure.

One type has to fit. Where several do, the nearer one is taken: text for a team that takes ``str``, then a model that
declares all the input's fields, then a model or another type that can be made of it. Two equally near ones are a
question that only the experiment can answer, by ``workload.message``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from shoal.experiments.errors import BadExperiment, Problem, bad_experiment, bad_workload
from shoal.experiments.file.telling import problems_of
from shoal.experiments.task import Task
from shoal.experiments.workload.fitting import Misfit, fit, nearness
from shoal.experiments.workload.sources import Imports
from shoal.experiments.workload.spec import WorkloadSpec
from shoal.runtime.codec import NATIVE, encode
from shoal.runtime.errors import MessageError
from shoal.topologies.wiring.signature import Signature, type_names

FIELD = "workload.message"
MOST_PROBLEMS = 20


def message_kind(spec: WorkloadSpec, signature: Signature, imports: Imports) -> type | None:
    """The type that ``workload.message`` names; ``None``: none is named. Raises :class:`BadExperiment`."""
    if not spec.message:
        return None
    kind = imports.find(spec.message, FIELD)
    if not isinstance(kind, type) or not (kind in NATIVE or issubclass(kind, BaseModel)):
        raise bad_experiment(
            [Problem(f"{spec.message} is no message type: name a Pydantic model", field=FIELD)]
        )
    if not signature.takes(kind):
        what = f"the team does not accept {kind.__name__}; it accepts {type_names(signature.accepts)}"
        raise bad_experiment([Problem(what, field=FIELD)])
    return kind


def message_of(input: Any, signature: Signature, spec: WorkloadSpec, *, kind: type | None = None) -> Any:
    """The message of a task's input. ``kind``: what :func:`message_kind` gave. Raises :class:`BadWorkload`."""
    try:
        return _message(input, signature, spec, kind)
    except Misfit as exc:
        raise bad_workload([Problem(str(exc), remedy=exc.remedy)]) from exc


def check_messages(
    tasks: Iterable[Task], signature: Signature, spec: WorkloadSpec, imports: Imports
) -> list[Problem]:
    """What is wrong with the tasks for this team, each with its place in the data: up to 20.

    Every message is made, and encoded as it would be sent. Repeats are not looked at again.
    """
    try:
        kind = message_kind(spec, signature, imports)
    except BadExperiment as exc:
        return problems_of(exc)
    problems: list[Problem] = []
    for task in tasks:
        if task.repeat > 1 or len(problems) == MOST_PROBLEMS:
            break
        try:
            encode(_message(task.input, signature, spec, kind))
        except Misfit as exc:
            problems.append(Problem(f"task {task.task}: {exc}", task.source, remedy=exc.remedy))
        except MessageError as exc:
            problems.append(Problem(f"task {task.task}: {exc}", task.source))
    return problems


def _message(input: Any, signature: Signature, spec: WorkloadSpec, kind: type | None) -> Any:
    name = spec.input if isinstance(spec.input, str) else ""
    if kind is not None:
        return fit(input, kind, name)
    kinds = [one for one in signature.answers if one is not object]
    fitting: list[tuple[int, type, Any]] = []
    misfits: list[Misfit] = []
    for one in kinds:
        try:
            fitting.append((nearness(input, one, name), one, fit(input, one, name)))
        except Misfit as exc:
            misfits.append(exc)
    if not fitting:
        return _without_a_type(input, signature, misfits)
    nearest = min(near for near, _, _ in fitting)
    best = [(one, message) for near, one, message in fitting if near == nearest]
    if len(best) > 1:
        names = type_names(tuple(one for one, _ in best))
        raise Misfit(f"the input fits several types the team accepts: {names}", f"name one in {FIELD}")
    return best[0][1]


def _without_a_type(input: Any, signature: Signature, misfits: list[Misfit]) -> Any:
    """The input as it is, for a team that takes anything."""
    if object in signature.answers:
        return input
    if len(misfits) == 1:
        raise misfits[0]
    reasons = "; ".join(str(one) for one in misfits)
    raise Misfit(
        f"the input fits no type the team accepts ({reasons})", f"choose fields by workload.input, or {FIELD}"
    )
