"""Whoever goes on with a run goes on with the experiment that it is of: variables of the environment, and ``--set``."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner

from shoal.experiments.comparing.command import compare
from shoal.experiments.errors import BadExperiment
from shoal.experiments.running.environment import read_environment
from shoal.experiments.running.launching import resume
from tests.experiments.running.experiments import HERE, SCRIPTED, with_model, write_experiment
from tests.experiments.running.program import app

NAMED = {
    **SCRIPTED,
    "model": "${MODEL_NAME}",
    "base_url": "http://${MODEL_HOST}:8000/v1",
    "rates": {"rpm": "${RPM}"},
}
TEAM = {"llm": {"instructions": "Label it.", "model": "default"}}


def shoal(*words: object, told: Typer = app) -> Any:
    return CliRunner().invoke(told, [str(word) for word in words], env={"COLUMNS": "200"})


def written_in(path: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in sorted(path.glob("*.json*"))}


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An experiment whose model is named by variables of the environment, one of its three tasks done."""
    monkeypatch.setenv("MODEL_NAME", "small-model")
    monkeypatch.setenv("MODEL_HOST", "node-1")
    monkeypatch.setenv("RPM", "500")
    fields = with_model(models={"default": NAMED}, budget={"calls": 1})
    file = write_experiment(tmp_path, ["charged"] * 3, **fields)
    assert shoal("run", file, "--name", "mine", "-q").exit_code == 1
    return file


# -- variables of the environment -----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["run", "resume", "compare"])
def test_another_model_by_a_variable_is_refused_and_the_variable_is_named(
    named: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    path = named.parent / "runs" / "mine"
    if how == "compare":
        path = path.rename(path.with_name("triage-team"))
    before = written_in(path)
    monkeypatch.setenv("MODEL_NAME", "big-model")
    more = ["--set", "budget.calls=9"]
    if how == "run":
        result = shoal("run", named, "--name", "mine", "--resume", *more)
    elif how == "resume":
        result = shoal("resume", "mine", "--root", path.parent, *more)
    else:
        alone = Typer()
        alone.command()(compare)
        result = shoal(named, *more, told=alone)
    assert result.exit_code == 2, result.stdout
    assert "another value of the variable MODEL_NAME (models.default.model)" in result.stderr
    assert ("export MODEL_NAME as before" in result.stderr) == (how != "compare")
    assert "big-model" not in result.stderr
    assert written_in(path) == before


def test_the_endpoint_and_its_limits_may_be_others(named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_HOST", "node-2")
    monkeypatch.setenv("RPM", "900")
    for words in (["run", named, "--name", "mine", "--resume"], ["resume", "mine"]):
        root = ["--root", named.parent / "runs"]
        result = shoal(*words, *root, "--set", "budget.calls=9")
        assert result.exit_code == 0, result.stderr


def test_a_finished_run_of_another_model_is_not_read_by_a_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_NAME", "small-model")
    models = {"default": {**SCRIPTED, "model": "${MODEL_NAME}"}}
    teams = {"single": TEAM, "again": TEAM}
    file = write_experiment(tmp_path, ["charged"] * 2, team=None, models=models, teams=teams)
    alone = Typer()
    alone.command()(compare)
    assert shoal(file, told=alone).exit_code == 0
    assert "is finished, read" in shoal(file, told=alone).stderr
    monkeypatch.setenv("MODEL_NAME", "big-model")
    result = shoal(file, told=alone)
    assert result.exit_code == 2
    assert "the variable MODEL_NAME (models.default.model)" in result.stderr


def test_what_variables_hold_is_in_no_file_of_the_run(named: Path) -> None:
    written = written_in(named.parent / "runs" / "mine")
    assert set(json.loads(written["environment.json"])["variables"]["hashes"]) == {"MODEL_NAME"}
    for name in ("environment.json", "experiment.json"):
        assert "small-model" not in written[name]


def test_a_run_without_hashes_of_its_variables_is_taken_as_the_same_and_has_them_from_then_on(
    named: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = named.parent / "runs" / "mine"
    environment = json.loads((path / "environment.json").read_text())
    del environment["variables"]
    (path / "environment.json").write_text(json.dumps(environment))
    root = ["--root", path.parent]
    assert shoal("resume", "mine", *root, "--set", "budget.calls=2").exit_code == 1
    assert set(read_environment(path).variables.hashes) == {"MODEL_NAME"}
    monkeypatch.setenv("MODEL_NAME", "big-model")
    assert shoal("resume", "mine", *root, "--set", "budget.calls=9").exit_code == 2


# -- what a resume is told by --set ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "override",
    [
        "repeats=3",
        "seed=5",
        "name=other",
        "workload.limit=1",
        "workload.answer=text",
        "workload.tasks=others.jsonl",
        f"team.use={HERE}:Shouter",
        "models.default.model=other",
    ],
)
@pytest.mark.parametrize("complete", [True, False])
def test_a_resume_refuses_what_it_would_not_act_on_or_what_makes_it_a_run_of_two_experiments(
    tmp_path: Path, override: str, *, complete: bool
) -> None:
    fields = with_model(budget={"calls": 9 if complete else 1})
    if override.startswith("team"):
        fields["team"] = {"use": f"{HERE}:Keyword"}
    file = write_experiment(tmp_path, ["charged"] * 2, **fields)
    (tmp_path / "others.jsonl").write_text((tmp_path / "tickets.jsonl").read_text())
    shoal("run", file, "--name", "mine", "-q")
    path = tmp_path / "runs" / "mine"
    before = written_in(path)
    result = shoal("resume", "mine", "--root", path.parent, "--set", override)
    field = override.partition("=")[0].partition(".")[0]
    assert result.exit_code == 2, result.stdout
    assert f"run 'mine' was begun with another {field}, which a resume cannot change" in result.stderr
    assert f"--set {override}" in result.stderr
    assert written_in(path) == before


def test_a_resume_takes_a_field_that_is_as_it_was_and_what_it_acts_on(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"] * 3, **with_model(budget={"calls": 1}))
    assert shoal("run", file, "--name", "mine", "-q").exit_code == 1
    same = ["--set", "repeats=1", "--set", "name=triage", "--set", "seed=0"]
    more = [
        "--set",
        "budget.calls=9",
        "--set",
        "timeout_s=20",
        "--set",
        "attempts=2",
        "--set",
        "limits.rpm=999",
    ]
    result = shoal("resume", "mine", "--root", tmp_path / "runs", *same, *more)
    assert result.exit_code == 0, result.stderr


def test_a_program_that_resumes_is_refused_as_well(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"])
    assert shoal("run", file, "--name", "mine", "-q").exit_code == 0
    with pytest.raises(BadExperiment, match="another seed"):
        asyncio.run(resume("mine", root=tmp_path / "runs", overrides=["seed=3"]))
