"""Whether a branch of a hierarchy can work, as far as types and figures say before anything is started. Pure."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from shoal.runtime.errors import ConfigError
from shoal.topologies.tree.contradictions import Reconsider
from shoal.topologies.tree.manager import BranchPlan
from shoal.topologies.tree.summaries import BranchReports
from shoal.topologies.wiring.carrying import form_for, task_kinds
from shoal.topologies.wiring.signature import Signature, kinds_of, signature_of_function, type_names

_CHOICES = ("report", "ask_again", "fail")


def kinds_taken(signature: Signature) -> tuple[type, ...]:
    """What a manager, or a divider, takes as a task: neither reports nor plain text meant for them."""
    kinds = task_kinds(signature, BranchReports)
    reads_text = form_for(signature, BranchReports) is str
    return tuple(kind for kind in kinds if not (reads_text and kind is str and len(kinds) == 1))


def returned_by(function: Any) -> tuple[Any, Any]:
    """What a plain function takes first and returns, as annotated."""
    return signature_of_function(function)


def check_plan(
    name: str,
    plan: BranchPlan,
    options: Mapping[str, Any],
    signatures: Mapping[str, Signature],
    workers: Sequence[str],
) -> None:
    """Raise :class:`ConfigError` for what cannot be, naming the branch and the member."""
    where = f"hierarchy: branch {name!r}"
    _check_figures(where, plan, options, workers)
    _check_functions(where, plan, options, signatures)
    _check_parts(where, plan, signatures, workers)
    _check_summary(where, plan, signatures, workers)


def _check_figures(where: str, plan: BranchPlan, options: Mapping[str, Any], workers: Sequence[str]) -> None:
    need, cut = plan.need, options["cut"]
    if need is not None and (type(need) is not int or not 1 <= need <= len(workers)):
        raise ConfigError(
            f"{where} needs {need!r} answers; it has {len(workers)} members, give 1 to {len(workers)}"
        )
    if need is not None and need < len(workers) and not plan.labels:
        raise ConfigError(
            f"{where} needs {need} of {len(workers)} answers, and its summary cannot say what is missing: make it a "
            "subclass of shoal.BranchSummary"
        )
    if cut is not None and not (type(cut) in (int, float) and 0 < cut < 1):
        raise ConfigError(
            f"{where}: cut is {cut!r}; give a share of the time between 0 and 1, or None to wait for all"
        )
    if type(plan.parallel) is not int or plan.parallel < 1:
        raise ConfigError(f"{where}: parallel is {plan.parallel!r}; at least one part must be done")
    if plan.on_contradiction not in _CHOICES:
        raise ConfigError(
            f"{where}: on_contradiction is {plan.on_contradiction!r}; give one of {', '.join(_CHOICES)}"
        )
    if isinstance(options["agree_on"], str) or not all(isinstance(one, str) and one for one in plan.agree_on):
        raise ConfigError(
            f"{where}: agree_on is {options['agree_on']!r}; give the names of fields: ('price',)"
        )


def _check_functions(
    where: str, plan: BranchPlan, options: Mapping[str, Any], signatures: Mapping[str, Signature]
) -> None:
    for what in ("divide", "summarize", "manager"):
        given = options[what]
        if given is not None and what not in signatures and not callable(given):
            raise ConfigError(f"{where}: {what} is {given!r}, neither a plain function nor an agent")
    if options["manager"] is not None and "manager" not in signatures:
        raise ConfigError(
            f"{where}: manager is {options['manager']!r}, not an agent; give a function as divide or summarize"
        )
    if plan.find is not None and not callable(plan.find):
        raise ConfigError(
            f"{where}: contradictions is {plan.find!r}, not a function (answers by member) -> contradictions"
        )
    for office in ("summarize", "manager"):
        if plan.summarize == office and form_for(signatures[office], BranchReports) is None:
            raise ConfigError(
                f"{where}: {office} accepts {type_names(signatures[office].accepts)}; it is given shoal.BranchReports, "
                "or text where it takes str"
            )
    if "manager" in signatures and "manager" not in (plan.divide, plan.summarize):
        raise ConfigError(f"{where}: its manager has nothing to do: leave it out, or divide and summarize")


def _check_parts(
    where: str, plan: BranchPlan, signatures: Mapping[str, Signature], workers: Sequence[str]
) -> None:
    if plan.divide is None or isinstance(plan.divide, str):
        return  # what an agent makes is seen when it has made it
    made = returned_by(plan.divide)[1]
    parts = typing.get_args(made)
    by_member = bool(parts) and issubclass(typing.get_origin(made) or object, Mapping)
    for kind in (kinds_of(parts[-1]) if parts else None) or ():
        able = [name for name in workers if signatures[name].takes(kind)]
        if not able or (len(able) < len(workers) and not by_member):
            unable = next(name for name in workers if name not in able)
            raise ConfigError(
                f"{where}: divide makes {type_names((kind,))}, which member {unable!r} does not accept (it accepts "
                f"{type_names(signatures[unable].accepts)})"
            )


def _check_summary(
    where: str, plan: BranchPlan, signatures: Mapping[str, Signature], workers: Sequence[str]
) -> None:
    summary, summarize = plan.summary, plan.summarize
    if summary is not None and not (isinstance(summary, type) and issubclass(summary, BaseModel)):
        raise ConfigError(f"{where}: summary is {summary!r}; give the Pydantic model that goes up")
    if summary is not None and summarize is None:
        raise ConfigError(
            f"{where}: its summary has to be a {summary.__name__}, and nobody makes it: give summarize"
        )
    if isinstance(summarize, str):
        made = signatures[summarize].answers_to((plan.reports,))
    else:
        made = None if summarize is None else kinds_of(returned_by(summarize)[1])
    for kind in made or ():
        if summary is not None and kind is not dict and not issubclass(kind, summary):
            raise ConfigError(
                f"{where}: its summary has to be a {summary.__name__}, and summarize makes {type_names((kind,))}"
            )
    _check_reports(where, plan, signatures, workers)


def _check_reports(
    where: str, plan: BranchPlan, signatures: Mapping[str, Signature], workers: Sequence[str]
) -> None:
    """That the answers of the members are what whoever summarizes declares."""
    if not issubclass(plan.reports, BranchReports):
        return
    declared = typing.get_args(plan.reports.model_fields["answers"].annotation)
    wanted = kinds_of(declared[-1]) if declared else None
    if wanted is None:
        return
    for name in workers:
        tasks = task_kinds(signatures[name], Reconsider)
        for kind in signatures[name].answers_to(tasks) or ():
            if not issubclass(kind, wanted):
                raise ConfigError(
                    f"{where}: member {name!r} answers {type_names((kind,))}, and summarize wants {type_names(wanted)} "
                    f"({plan.reports.__name__}.answers)"
                )
