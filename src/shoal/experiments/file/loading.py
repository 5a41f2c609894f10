"""Reading an experiment: file, overrides, variables of the environment, checks; all problems at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shoal.experiments.errors import BadExperiment, Problem
from shoal.experiments.file.environment import Expanded, expand
from shoal.experiments.file.json_tree import is_json, read_json
from shoal.experiments.file.leaks import has_secret_shape, leaks_in_fields, leaks_in_text
from shoal.experiments.file.loaded import Loaded
from shoal.experiments.file.locating import Locator
from shoal.experiments.file.overrides import Override, apply_override, parse_override
from shoal.experiments.file.places import Path as FieldPath
from shoal.experiments.file.places import Places
from shoal.experiments.file.python_file import as_data, find_experiment, split_name
from shoal.experiments.file.source import read_source
from shoal.experiments.file.spec import Experiment
from shoal.experiments.file.telling import problems_of, raise_problems, wrong
from shoal.experiments.file.validating import validate
from shoal.experiments.file.yaml_tree import read_yaml


def load(
    path: str | os.PathLike[str], overrides: Sequence[str] = (), *, environ: Mapping[str, str] | None = None
) -> Loaded:
    """The experiment in a YAML, JSON or Python file, with overrides such as ``budget.usd=0.5``.

    Raises ``BadExperiment`` with every problem found, each with its line. Nothing is started; of a Python file the
    code is run.
    """
    file, name = split_name(os.fspath(path))
    where = Path(file).absolute()
    text = read_source(where, file)
    if where.suffix.lower() == ".py":
        return _load_python(where, file, name, text, overrides)
    read = read_json if where.suffix.lower() == ".json" or is_json(text) else read_yaml
    problems = leaks_in_text(text, file)
    try:
        data, places = read(text, file)
    except BadExperiment as exc:
        raise_problems([*problems, *problems_of(exc)])
        raise
    if not isinstance(data, dict):
        raise wrong([_no_fields(data, file)])
    data, overridden, bad = _overridden(data, overrides)
    locator = Locator(file, data, places, overridden)
    filled = expand(data, os.environ if environ is None else environ)
    problems += [*bad, *_leaks(data, locator, problems), *(locator.placed(one) for one in filled.problems)]
    experiment = _validated(filled, locator, problems)
    return Loaded(
        experiment, where, where.parent, text, tuple(overrides), "", filled.written, locator, filled.held
    )


def _load_python(where: Path, file: str, name: str, text: str, overrides: Sequence[str]) -> Loaded:
    raise_problems(leaks_in_text(text, file))
    try:
        experiment = find_experiment(where, name, file)
    except BadExperiment as exc:
        raise_problems([one._replace(file=one.file or file) for one in problems_of(exc)])
        raise
    locator = Locator(file, as_data(experiment), Places())
    if overrides:
        data, overridden, bad = _overridden(as_data(experiment), overrides)
        locator = Locator(file, data, Places(), overridden)
        experiment = _validated(Expanded(data, {}, {}, [], {}), locator, [*bad, *_leaks(data, locator, [])])
    return Loaded(experiment, where, where.parent, text, tuple(overrides), name, locator=locator)


def _overridden(
    data: dict[str, Any], overrides: Sequence[str]
) -> tuple[dict[str, Any], list[tuple[FieldPath, Override]], list[Problem]]:
    done: list[tuple[FieldPath, Override]] = []
    problems = []
    for text in overrides:
        if has_secret_shape(text):
            problems.append(
                Problem("this looks like a secret", "--set ...", remedy="put it into an environment variable")
            )
            continue
        override = parse_override(text)
        applied = override if isinstance(override, Problem) else apply_override(data, override)
        if isinstance(applied, Problem):
            problems.append(applied)
        else:
            assert isinstance(override, Override)
            data, path = applied
            done.append((path, override))
    return data, done, problems


def _leaks(data: dict[str, Any], locator: Locator, known: Sequence[Problem]) -> list[Problem]:
    """Secrets by their fields' names, on lines that were not told of already."""
    lines = {one.line for one in known if one.line}
    found = [locator.problem(path, leak.what, leak.remedy) for path, leak in leaks_in_fields(data)]
    return [one for one in found if one.line not in lines]


def _validated(filled: Expanded, locator: Locator, problems: list[Problem]) -> Experiment:
    try:
        experiment = validate(filled, locator)
    except BadExperiment as exc:
        unset = {one.field for one in filled.problems}
        raise_problems([*problems, *(one for one in problems_of(exc) if one.field not in unset)])
        raise
    raise_problems(problems)
    return experiment


def _no_fields(data: Any, file: str) -> Problem:
    if data is None:
        return Problem("the file says nothing", file, remedy="`shoal init` writes one to begin with")
    what = "a list" if isinstance(data, list) else f"{str(data)[:40]!r}"
    return Problem(f"found {what}; expected fields (`name: value`): name, workload, team, ...", file, 1)
