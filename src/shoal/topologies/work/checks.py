"""What is looked at before a team of workers is started: its options, and what its members take and answer. Pure."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, get_args

from shoal.actors.agent import Agent
from shoal.runtime.behavior import Handler
from shoal.runtime.codec import NATIVE
from shoal.runtime.errors import ConfigError
from shoal.runtime.recipe import is_behavior
from shoal.runtime.signature import handlers_of
from shoal.topologies.wiring.edge import Edge
from shoal.topologies.wiring.signature import Kinds, Signature, kinds_of, type_names
from shoal.topologies.work.assembly import Assembly
from shoal.topologies.work.classify import Classify, labels_of, labels_of_rule
from shoal.topologies.work.orchestrator import Plan
from shoal.topologies.work.subtasks import Subtask, Subtasks


def check_plan(plan: Plan, divides: bool, accepts: type | None, by_agent: bool) -> None:
    """Raise :class:`ConfigError` for options that cannot be, or not together."""
    merge, report = plan.assembly.merge, plan.assembly.report
    for what, function in (("split", plan.split), ("merge", merge)):
        if function is not None and (not callable(function) or asyncio.iscoroutinefunction(function)):
            raise ConfigError(
                f"worker: {what} {function!r} is no plain function; async work belongs to an agent"
            )
    given = {"merge": merge, "accepts": accepts, "partial": report}
    lonely = [what for what, value in given.items() if value is not None]
    if lonely and not divides:
        raise ConfigError(f"worker: {lonely[0]} is given without split, to which it belongs")
    if accepts is not None and by_agent:
        raise ConfigError(
            "worker: accepts is for a split that is a function; an agent's own types say what it takes"
        )
    if plan.parallel < 1:
        raise ConfigError(f"worker: parallel is {plan.parallel}; at least one subtask must run")
    if plan.max_subtasks < 1:
        raise ConfigError(f"worker: max_subtasks is {plan.max_subtasks}; a task has at least one subtask")
    if plan.classify is not None:
        try:
            plan.classify.validate()
        except ConfigError as exc:
            raise ConfigError(f"worker: {exc}") from exc


def check_classifier(classifier: Signature, kinds: Kinds, workers: Mapping[str, Signature]) -> None:
    """Raise :class:`ConfigError` when a message may come to be classified that the classifier does not take."""
    for kind in kinds if kinds is not None else _all_kinds(workers):
        if kind is not object and not classifier.takes(kind):
            raise ConfigError(
                f"worker: the classifier accepts {type_names(classifier.accepts)}, and {type_names((kind,))} is to be "
                "classified, too"
            )


def check_subtasks(kinds: Kinds, workers: Mapping[str, Signature], who: str, fallback: str | None) -> None:
    """Raise :class:`ConfigError` for subtasks that no worker takes."""
    for kind in kinds or ():
        if fallback is None and not any(one.takes(kind) for one in workers.values()):
            raise ConfigError(f"worker: {who} makes {type_names((kind,))}, which no worker accepts")


def check_merge(assembly: Assembly, kinds: Kinds, workers: Mapping[str, Signature]) -> Kinds:
    """What becomes of the workers' answers. Raises :class:`ConfigError` when they cannot become one message."""
    answers = {name: one.answers_to(kinds) for name, one in workers.items()}
    try:
        made = assembly.check({name: given for name, given in answers.items() if given != ()})
    except ConfigError as exc:
        raise ConfigError(f"worker: merge: {exc}") from exc
    models = tuple(
        dict.fromkeys(kind for given in answers.values() for kind in given or () if kind not in NATIVE)
    )
    if models and assembly.merge is None and assembly.report is None:
        raise ConfigError(
            f"worker: the workers answer {type_names(models)}, and a list of models is no message: "
            "give merge, which makes one message of them"
        )
    return made


def check_decomposer(decomposer: Signature) -> None:
    """Raise :class:`ConfigError` for an agent that is to divide tasks and answers something else."""
    for kind in decomposer.returns or ():
        if kind is not list and not issubclass(kind, Subtasks):
            raise ConfigError(
                f"worker: the decomposer answers {type_names((kind,))}; give shoal.Subtasks, or a list of messages"
            )


def kinds_made(returns: Any) -> Kinds:
    """The types of the messages in what a split function, or a decomposer, says that it returns."""
    if isinstance(returns, type) and issubclass(returns, Subtasks):
        returns = returns.model_fields["subtasks"].annotation
    made = get_args(returns)
    kinds = kinds_of(made[0]) if made else None
    if kinds is None or not any(issubclass(kind, Subtask) for kind in kinds):
        return kinds
    return kinds_of(kinds[0].model_fields["message"].annotation) if len(kinds) == 1 else None  # type: ignore[attr-defined]


def known_labels(classify: Classify) -> tuple[tuple[str, ...], bool]:
    """The labels that a classifier is known to give, and whether those are all."""
    if classify.labels is not None:
        return tuple(classify.labels), True
    declared = [] if classify.rule is None else [labels_of_rule(classify.rule)]
    if classify.model is not None:
        declared += [labels_of(handler.returns) for handler in _handlers(classify.model)] or [None]
    labels = dict.fromkeys(label for one in declared for label in one or ())
    return tuple(labels), all(one is not None for one in declared)


def _handlers(agent: Any) -> list[Handler]:
    """Those that an agent declares; none where only its start will tell."""
    if isinstance(agent, Edge):
        return _handlers(agent.agent)
    if is_behavior(agent):
        return list(agent.handler_table())
    if asyncio.iscoroutinefunction(agent):
        return handlers_of(agent, agent.__name__)
    if isinstance(agent, type) and issubclass(agent, Agent) and agent.handler_table is Agent.handler_table:
        return agent.declared_handlers()
    return []


def _all_kinds(workers: Mapping[str, Signature]) -> tuple[type, ...]:
    return tuple(dict.fromkeys(kind for one in workers.values() for kind in one.answers))
