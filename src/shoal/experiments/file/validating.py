"""From an experiment's data to the experiment, or to all that is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from shoal.experiments.errors import BadExperiment, Problem
from shoal.experiments.file.branches import Fault, by_path, faults
from shoal.experiments.file.environment import Expanded
from shoal.experiments.file.knowing import fields_at
from shoal.experiments.file.locating import Locator
from shoal.experiments.file.places import Path, Places
from shoal.experiments.file.scalars import plain_scalar
from shoal.experiments.file.spec import Experiment
from shoal.experiments.file.telling import raise_problems, wrong
from shoal.experiments.file.wording import show_found, told, unknown_field

DURATIONS = frozenset({"wall", "timeout_s", "deadline_s", "approval_s", "need_input_s", "handler_timeout_s"})
_NUMBERS = ("int_type", "float_type", "bool_type")


def validate(filled: Expanded, locator: Locator) -> Experiment:
    """The experiment of this data. Raises ``BadExperiment`` with every problem in it."""
    data = filled.data
    found = _errors(Experiment, data)
    if isinstance(found, list) and (meant := _meant_as_numbers(found, filled.whole)):
        data = _replaced(data, (), meant)
        found = _errors(Experiment, data)
    if isinstance(found, list):
        raise_problems(problems(Experiment, found, data, locator, filled.written, _empty(filled.whole)))
        raise AssertionError("an error without a problem")
    assert isinstance(found, Experiment)
    return found


def refused(error: ValidationError, sections: dict[str, Any]) -> BadExperiment:
    """The same problems of an experiment that a program makes: they have no place in a file."""
    locator = Locator("", sections, Places())
    return wrong(
        problems(Experiment, faults(error.errors(include_url=False), sections), sections, locator, {})
    )


def problems(
    model: type[BaseModel],
    found: list[Fault],
    data: Any,
    locator: Locator,
    written: Mapping[str, str],
    empty: Collection[Path] = (),
) -> list[Problem]:
    """What is wrong, field by field. ``empty``: fields that are a variable in which nothing is."""
    all_of_them = []
    for path, same in by_path(found):
        first = same[0].error
        if first["type"] == "missing":
            what, remedy = f"the field {path[-1]!r} is missing", ""
        elif first["type"] == "extra_forbidden":
            what, remedy = unknown_field(str(path[-1]), fields_at(model, path[:-1], data))
        else:
            variable = str(locator.value(path)) if path in empty else ""
            shown = f"nothing in {variable}" if variable else show_found(first.get("input"), written)
            what, remedy = told([one.error for one in same], shown)
            if first["type"] == "float_type" and str(path[-1]) in DURATIONS:
                what = f"found {shown}; expected seconds, or a duration such as 90s, 10m or 2h"
            if variable:
                remedy = "put a value into the variable, or leave the field out"
        all_of_them.append(locator.problem(path, what, remedy))
    return all_of_them


def _errors(model: type[BaseModel], data: Any) -> BaseModel | list[Fault]:
    try:
        return model.model_validate(data, strict=True)
    except ValidationError as exc:
        return faults(exc.errors(include_url=False), data)


def _meant_as_numbers(found: list[Fault], whole: Mapping[Path, str]) -> dict[Path, Any]:
    """Variables of the environment, which are text, where a number or a truth value is wanted.

    An empty one is none of them: as YAML's nothing it would take away a budget that somebody meant to set.
    """
    return {
        one.path: value
        for one in found
        if one.error["type"] in _NUMBERS and whole.get(one.path)
        if not isinstance(value := plain_scalar(whole[one.path]), str)
    }


def _empty(whole: Mapping[Path, str]) -> set[Path]:
    return {path for path, held in whole.items() if not held}


def _replaced(data: Any, path: Path, by: Mapping[Path, Any]) -> Any:
    if path in by:
        return by[path]
    if isinstance(data, dict):
        return {key: _replaced(one, (*path, key), by) for key, one in data.items()}
    if isinstance(data, list):
        return [_replaced(one, (*path, number), by) for number, one in enumerate(data)]
    return data
