"""Worker (orchestrator-worker): an orchestrator routes each message to a worker, or divides it among several.

Failure modes and what is done about them: misrouting → only workers whose handlers accept the message's type are
eligible, a label leads only to those that declare it, a rule that is not sure asks a model, and what nobody knows goes
to the fallback or is a typed error; workers that nothing can reach → refused before anything is started; a worker that
is gone or full → another does it; one slow worker → least-loaded routing, or a bandit that learns; subtasks in a
circle, too many, or of the wrong shape → refused before one is begun; unbounded fan-out → ``parallel``; a lost subtask
→ its error is the task's error, or the answer says what is missing; the orchestrator as bottleneck and single point of
failure → ``orchestrators``; its context → it keeps counts by worker, and nothing by task.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shoal.runtime.errors import ConfigError
from shoal.runtime.recipe import is_behavior
from shoal.runtime.ref import Ref
from shoal.topologies.answers.aggregate import Aggregate
from shoal.topologies.answers.fan_out_result import FanOutResult
from shoal.topologies.answers.synthesis import writers_form, written_by
from shoal.topologies.wiring.edge import Edge
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.graph_data import Link
from shoal.topologies.wiring.signature import (
    Kinds,
    Signature,
    either,
    kinds_of,
    signature_of_function,
    type_names,
)
from shoal.topologies.wiring.topology import Topology
from shoal.topologies.work.assembly import Assembly, Merge
from shoal.topologies.work.capable import taken_apart
from shoal.topologies.work.checks import (
    check_classifier,
    check_decomposer,
    check_merge,
    check_plan,
    check_subtasks,
    kinds_made,
    known_labels,
)
from shoal.topologies.work.classify import Classify
from shoal.topologies.work.hands import Hand, Hands
from shoal.topologies.work.orchestrator import Orchestrator, Plan, Split, Staff
from shoal.topologies.work.reach import unknown_labels, unlabelled, unsuited, untyped
from shoal.topologies.work.routers import ByCapability, LeastLoaded, Router, WorkerView

_CLASSIFIER, _DECOMPOSER, _WRITER = "classifier", "decomposer", "writer"


class Worker(Topology):
    """See :func:`worker`."""

    pattern = "worker"

    def __init__(
        self,
        workers: Mapping[str, Any],
        plan: Plan,
        *,
        router: Router,
        decomposer: Any,
        fallback: str | None,
        accepts: type | None,
        orchestrators: int,
    ) -> None:
        apart = {name: _apart(name, member) for name, member in workers.items()}
        merge = plan.assembly.merge
        writer = merge.writer if isinstance(merge, Aggregate) else None
        model = plan.classify.model if plan.classify is not None else None
        staff = {_CLASSIFIER: model, _DECOMPOSER: decomposer, _WRITER: writer}
        staff = {name: member for name, member in staff.items() if member is not None}
        for name in staff:
            if name in apart:
                raise ConfigError(
                    f"worker: a worker is called {name!r}, as the agent that does that; rename it"
                )
        super().__init__({name: agent for name, (agent, _) in apart.items()} | staff)
        self._plan = plan
        self._views = {name: WorkerView(name, able) for name, (_, able) in apart.items()}
        self._staff = tuple(staff)
        self._router = router
        self._fallback = fallback
        self._accepts = accepts
        self._divides = plan.split is not None or decomposer is not None
        self.fronts = orchestrators

    def validate(self) -> None:
        """Members, options, and that what each makes can be taken by another."""
        if not self._views:
            raise ConfigError("worker has no members: give it at least one agent")
        super().validate()
        plan = self._plan
        if not callable(self._router):
            raise ConfigError(f"worker: router {self._router!r} is not callable (message, workers) -> name")
        if self._fallback is not None and self._fallback not in self._views:
            raise ConfigError(f"worker: fallback {self._fallback!r} is none of {', '.join(self._views)}")
        check_plan(plan, self._divides, self._accepts, _DECOMPOSER in self._staff)
        workers = self._workers()
        if self._divides:
            self._check_dividing(workers)
        if plan.classify is not None:
            self._check_labels(plan.classify, workers)
        if isinstance(self._router, ByCapability) and self._fallback is None:
            wrong = unsuited(self._router.declared, list(self._views.values()), workers)
            if wrong:
                raise ConfigError(f"worker: {wrong}")

    def signature(self) -> Signature:
        """What any worker takes and answers; where tasks are divided, what divides takes and what merges returns."""
        workers = self._workers()
        if not self._divides:
            kinds = dict.fromkeys(kind for one in workers.values() for kind in one.answers)
            return Signature(
                {
                    kind: either(one.answers_to((kind,)) for one in workers.values() if one.takes(kind))
                    for kind in kinds
                }
            )
        returns = self._returns(workers)
        if _DECOMPOSER in self._staff:
            return Signature(dict.fromkeys(self.signature_of(_DECOMPOSER).answers, returns))
        accepts = (self._accepts,) if self._accepts else kinds_of(signature_of_function(self._plan.split)[0])
        return Signature(dict.fromkeys(accepts or (object,), returns))

    def links(self) -> list[Link]:
        """From the orchestrator to each, with what it does it for."""
        notes = {_CLASSIFIER: "when the rule is not sure", _DECOMPOSER: "divides", _WRITER: "writes"}
        if self._plan.classify is not None and self._plan.classify.rule is None:
            notes[_CLASSIFIER] = "classifies"
        links = [Link("", name, notes[name]) for name in self._staff]
        for name, view in self._views.items():
            able = [*view.capabilities, *(["fallback"] if name == self._fallback else [])]
            links.append(Link("", name, ", ".join(able)))
        return links

    def front(self, refs: dict[str, Ref]) -> Front:
        """The orchestrator."""
        hands = {
            name: Hand(refs[name], self.signature_of(name), WorkerView(name, view.capabilities))
            for name, view in self._views.items()
        }
        staff = Staff(**{name: refs[name] for name in self._staff})
        plan = self._plan
        if plan.classify is not None:
            plan = replace(
                plan, classify=replace(plan.classify, model=None)
            )  # it is a member; it need not travel
        if _WRITER in self._staff:
            assembly = replace(plan.assembly, written=writers_form(self.signature_of(_WRITER)))
            plan = replace(plan, assembly=assembly)
        return Orchestrator(plan, Hands(hands, self._router, self._fallback), staff)

    # -- inside --------------------------------------------------------------------------------------------

    def _workers(self) -> dict[str, Signature]:
        return {name: self.signature_of(name) for name in self._views}

    def _kinds(self) -> Kinds:
        """The types of what workers are given, where that is declared."""
        if self._plan.split is not None:
            return kinds_made(signature_of_function(self._plan.split)[1])
        if _DECOMPOSER in self._staff:
            made = self.signature_of(_DECOMPOSER).returns
            return kinds_made(made[0]) if made is not None and len(made) == 1 else None
        return None

    def _check_dividing(self, workers: Mapping[str, Signature]) -> None:
        who = "split" if self._plan.split is not None else "the decomposer"
        if _DECOMPOSER in self._staff:
            check_decomposer(self.signature_of(_DECOMPOSER))
        kinds = self._kinds()
        check_subtasks(kinds, workers, who, self._fallback)
        for name in untyped(kinds, workers, self._fallback):
            raise ConfigError(
                f"worker: nothing can reach {name!r}: {who} makes {type_names(kinds)}, and it accepts "
                f"{type_names(workers[name].accepts)}"
            )
        self._returns(workers)

    def _check_labels(self, classify: Classify, workers: Mapping[str, Signature]) -> None:
        kinds = self._kinds()
        if _CLASSIFIER in self._staff:
            check_classifier(self.signature_of(_CLASSIFIER), kinds, workers)
        labels, are_all = known_labels(classify)
        views = list(self._views.values())
        for label in unknown_labels(labels, views) if self._fallback is None else ():
            raise ConfigError(
                f"worker: a label is {label!r}, and no worker is called that or declares it: name a worker so, give "
                f"one the capability (shoal.capable(agent, {label!r})), or give a fallback"
            )
        for name in () if self._divides or not are_all else unlabelled(labels, views, self._fallback):
            raise ConfigError(
                f"worker: no label leads to {name!r}; labels are {', '.join(labels)}: give it one of them as capability"
            )

    def _returns(self, workers: Mapping[str, Signature]) -> Kinds:
        assembly = self._plan.assembly
        kinds = check_merge(assembly, self._kinds(), workers)
        if _WRITER in self._staff:
            try:
                kinds = written_by(self.signature_of(_WRITER))
            except ConfigError as exc:
                raise ConfigError(f"worker: merge: {exc}") from exc
        return kinds if assembly.report is None else (assembly.report,)


def worker(
    workers: Mapping[str, Any] | Sequence[Any],
    *,
    router: Router | None = None,
    classify: Classify | None = None,
    split: Split | Any = None,
    merge: Merge | Aggregate | None = None,
    fallback: str | None = None,
    parallel: int = 64,
    max_subtasks: int = 256,
    partial: bool | type[FanOutResult] = False,
    accepts: type | None = None,
    orchestrators: int = 1,
    record_choices: bool = False,
) -> Worker:
    """Orchestrator and workers.

    ``workers``: agents by name, or a list (named ``1``, ``2``, ...); ``shoal.capable(agent, "refunds")`` says what one
    can do, where its class does not. Each message goes to one worker that accepts its type, chosen by ``router``
    (default: least loaded). ``classify``: a :class:`~.classify.Classify`, a rule and a model that say what a message is
    about; only workers of that name or capability are then chosen from. ``fallback``: the worker for messages that
    nobody is chosen for.

    ``split``: a function, or an agent, that makes subtasks of a message: a list of messages, or of
    :class:`~.subtasks.Subtask` with ids, needs and priorities (an agent answers them as
    :class:`~.subtasks.Subtasks`). They run side by side, ``parallel`` of one message at most, each when those that it
    needs are done; more than ``max_subtasks`` are refused. ``merge``: ``(message, answers)`` to the answer, a function
    or an aggregate as ``shoal.merge_by_schema(Model)`` (default: the list of answers, where they are native values).
    ``partial``: a subtask that fails does not fail the task; the answer is a :class:`~.fan_out_result.FanOutResult`,
    or the subclass that is given, which says what is missing. ``accepts``: the type a split takes, where its annotation
    does not say.

    ``orchestrators``: so many lead the team behind its one address. ``record_choices``: which worker was chosen is
    recorded, so that a task which is led again, because the orchestrator died, goes to the same one, which does it no
    second time; it costs a write for each (sub)task.
    """
    named = dict(workers) if isinstance(workers, Mapping) else {str(i): w for i, w in enumerate(workers, 1)}
    by_agent = _is_agent(split)
    report = FanOutResult if partial is True else partial or None
    if report is not None and not (isinstance(report, type) and issubclass(report, FanOutResult)):
        raise ConfigError(f"worker: partial is {partial!r}; give True, or a subclass of FanOutResult")
    function = None if by_agent else split
    plan = Plan(classify, function, Assembly(merge, report), parallel, max_subtasks, record_choices)
    return Worker(
        named,
        plan,
        router=router or LeastLoaded(),
        decomposer=split if by_agent else None,
        fallback=fallback,
        accepts=accepts,
        orchestrators=orchestrators,
    )


def _is_agent(split: Any) -> bool:
    """Whether what divides is an agent; a plain function is one that does it here."""
    if isinstance(split, Topology | Edge | type) or inspect.iscoroutinefunction(split):
        return True
    return is_behavior(split)


def _apart(name: str, member: Any) -> tuple[Any, tuple[str, ...]]:
    try:
        return taken_apart(member)
    except ConfigError as exc:
        raise ConfigError(f"worker, member {name!r}: {exc}") from exc
