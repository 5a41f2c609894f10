"""A file as an experiment, and the experiment as it is kept with its run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoal.experiments.errors import BadExperiment
from shoal.experiments.file.environment import expand, written_back
from shoal.experiments.file.loading import load
from shoal.experiments.file.saving import load_saved, save
from shoal.experiments.file.spec import Experiment
from shoal.topologies.single import single
from tests.experiments.file.conftest import BASE

MODELS = """\
models:
  default: {model: small, base_url: "${URL}", timeouts: {first_token_s: null}, rates: {rpm: "${RPM}"}}
budget: {tokens: 1.5M, wall: 10m}
description: the price is $${5}
"""
ENVIRON = {"URL": "http://127.0.0.1:8000/v1", "RPM": "60"}


def written(folder: Path, text: str, name: str = "e.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_variables_of_the_environment_are_filled_in_and_numbers_among_them_are_numbers(folder: Path) -> None:
    experiment = load(written(folder, BASE + MODELS), environ=ENVIRON).experiment
    assert experiment.models["default"].base_url == ENVIRON["URL"]
    assert experiment.models["default"].rates.rpm == 60
    assert experiment.description == "the price is ${5}"
    assert experiment.budget.tokens == 1_500_000
    assert experiment.budget.wall == 600.0


def test_what_a_variable_holds_is_neither_kept_nor_told(folder: Path) -> None:
    secret = "hunter2-hunter2"
    text = BASE + 'models: {default: {model: small, extra_body: {password: "${SECRET}"}}}\n'
    loaded = load(written(folder, text), environ={"SECRET": secret})
    assert loaded.experiment.models["default"].extra_body == {"password": secret}
    assert secret not in json.dumps(save(loaded))
    assert secret not in loaded.text
    with pytest.raises(BadExperiment) as caught:
        load(written(folder, BASE + 'repeats: "${SECRET}"\n'), environ={"SECRET": secret})
    assert "'${SECRET}'" in str(caught.value)
    assert secret not in str(caught.value)


def test_an_empty_variable_is_no_budget_that_is_left_out(folder: Path) -> None:
    text = BASE + 'description: "${SAID}"\nbudget: {usd: "${BUD}", calls: "${BUD}", wall: "${TIME}"}\n'
    environ = {"BUD": "", "TIME": "", "SAID": ""}
    with pytest.raises(BadExperiment) as caught:
        load(written(folder, text + 'repeats: "${TIMES}"\n'), environ=environ | {"TIMES": ""})
    said = str(caught.value)
    assert "budget.usd: found nothing in ${BUD}; expected a number" in said
    assert "budget.calls: found nothing in ${BUD}; expected a whole number" in said
    assert "budget.wall: found nothing in ${TIME}; expected seconds" in said
    assert "repeats: found nothing in ${TIMES}; expected a whole number" in said
    assert "description" not in said
    filled = load(written(folder, text), environ=environ | {"BUD": "5", "TIME": "10m"}).experiment
    assert (filled.budget.usd, filled.budget.calls, filled.description) == (5, 5, "")


def test_an_experiment_that_was_kept_is_the_same_again(folder: Path) -> None:
    loaded = load(written(folder, BASE + MODELS), ["repeats=3"], environ=ENVIRON)
    kept = json.loads(json.dumps(save(loaded)))
    again = load_saved(kept, text=loaded.text, environ=ENVIRON)
    assert again.experiment == loaded.experiment
    assert again.experiment.models["default"].timeouts.first_token_s is None
    assert (again.folder, again.path, again.overrides) == (loaded.folder, loaded.path, ("repeats=3",))
    assert save(again) == kept


def test_the_same_experiment_as_json(folder: Path) -> None:
    data = {"name": "x", "workload": "tickets.jsonl", "team": "agents:Keyword"}
    path = written(folder, json.dumps(data, indent="\t"), "e.json")
    copied = written(folder, json.dumps(data, indent="\t"), "experiment.yaml")
    assert load(path).experiment == load(copied).experiment


def test_an_empty_section_is_as_one_that_is_not_there(folder: Path) -> None:
    assert (
        load(written(folder, BASE + "budget:\n  # usd: 1\n")).experiment
        == load(written(folder, BASE)).experiment
    )


PYTHON = """\
import shoal
from agents import Keyword
from shoal.experiments.file.spec import Experiment

experiment = Experiment(
    name="py", workload=[{"text": "a", "label": "b"}], team=shoal.single(Keyword()), budget={"usd": 1}
)
other = Experiment(name="other", workload="tickets.jsonl", team="agents:Keyword")
NUMBER = 5
"""


def test_a_python_file_has_objects_and_overrides_and_is_read_again(folder: Path) -> None:
    written(folder, PYTHON, "trial.py")
    loaded = load("trial.py", ["budget.usd=2", "seed=7"])
    assert loaded.experiment.budget.usd == 2
    assert loaded.experiment.seed == 7
    assert loaded.experiment.every_team["team"].pattern == "single"
    kept = json.loads(json.dumps(save(loaded)))
    assert "object of Python" in kept["team"]
    assert load_saved(kept).experiment.seed == 7
    assert load("trial.py:other").experiment.name == "other"


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (PYTHON, "trial.py:NUMBER", "NUMBER is a int, not a shoal.Experiment"),
        (PYTHON, "trial.py:nothing", "has no 'nothing'"),
        ("x = 1\n", "trial.py", "has no 'experiment'"),
        ("1 / 0\n", "trial.py", "ZeroDivisionError"),
        (
            "from shoal.experiments.file.spec import Experiment\nexperiment = Experiment(name=5)\n",
            "trial.py",
            "name",
        ),
    ],
)
def test_a_python_file_that_has_no_experiment_is_a_problem(
    folder: Path, text: str, name: str, said: str
) -> None:
    written(folder, text, "trial.py")
    with pytest.raises(BadExperiment) as caught:
        load(name)
    assert str(caught.value).startswith("trial.py")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("there.yaml", "no such file"),
        (".", "is a directory"),
        ("agents.txt", "ends in .yaml, .yml, .json or .py"),
    ],
)
def test_what_is_no_experiment_file_is_a_problem(folder: Path, name: str, said: str) -> None:
    written(folder, "", "agents.txt")
    with pytest.raises(BadExperiment, match=said):
        load(name)


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "e.yaml")
    with pytest.raises(BadExperiment, match="is no regular file"):
        load("e.yaml")


def test_all_problems_are_told_in_the_order_of_lines(folder: Path) -> None:
    text = "repeats: -1\n" + BASE + "budget: {usd: -1}\nseed: x\ndescription: ${NONE}\n"
    with pytest.raises(BadExperiment) as caught:
        load(written(folder, text), ["attempts=0"], environ={})
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "repeats",
        "budget.usd",
        "seed",
        "description",
        "attempts",
    ]


def test_an_experiment_in_a_program_takes_objects() -> None:
    async def answer(text: str) -> str:
        return text

    for team in (answer, single(answer)):
        experiment = Experiment(name="x", workload=[{"text": "a"}], team=team)
        assert experiment.every_team == {"team": team}


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
BUDGETS = st.fixed_dictionaries(
    {}, optional={"usd": st.floats(0, 1e6), "tokens": st.integers(0, 10**9), "wall": st.floats(0.001, 1e6)}
)
EXPERIMENTS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "workload": st.fixed_dictionaries(
            {"tasks": NAMES},
            optional={"limit": st.integers(1, 99), "input": st.lists(NAMES, min_size=1, max_size=3)},
        ),
        "teams": st.dictionaries(
            NAMES,
            st.fixed_dictionaries(
                {"use": NAMES.map("m:{}".format)}, optional={"replicas": st.integers(1, 4)}
            ),
            min_size=1,
            max_size=3,
        ),
    },
    optional={
        "description": st.text(max_size=20),
        "models": st.dictionaries(
            NAMES,
            st.fixed_dictionaries({"model": NAMES}, optional={"temperature": st.none() | st.floats(0, 2)}),
            max_size=2,
        ),
        "budget": BUDGETS.flatmap(lambda one: BUDGETS.map(lambda task: {**one, "per_task": task})),
        "repeats": st.integers(1, 9),
        "score": st.sampled_from(["exact", "contains"]),
        "cluster": st.fixed_dictionaries(
            {}, optional={"address": st.none() | st.just("local"), "env": st.just(["A"])}
        ),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(EXPERIMENTS)
def test_any_experiment_is_the_same_after_it_was_kept(tmp_path: Path, data: dict[str, Any]) -> None:
    text = json.dumps(written_back(data, {}))
    (tmp_path / "e.json").write_text(text, encoding="utf-8")
    loaded = load(tmp_path / "e.json", environ={})
    kept = json.loads(json.dumps(save(loaded)))
    again = load_saved(kept, environ={})
    assert again.experiment == loaded.experiment
    assert save(again) == kept


@given(st.text(max_size=30), st.text(max_size=10))
def test_what_is_filled_in_is_taken_out_again(text: str, held: str) -> None:
    data = {"a": ["${X} " + text.replace("${", ""), text.replace("${", "$${")]}
    filled = expand(data, {"X": held})
    assert filled.problems == []
    assert expand(written_back(filled.data, filled.written), {"X": held}).data == filled.data
