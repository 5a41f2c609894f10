"""Runs whose program was killed before anything of an experiment was in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner

import shoal
from shoal.experiments.comparing.command import compare
from shoal.experiments.errors import NotAnExperiment
from shoal.experiments.file.spec import Experiment
from shoal.experiments.finished import ExperimentRun
from shoal.experiments.running.launching import run as run_experiment
from shoal.experiments.running.unbegun import is_unbegun
from shoal.runtime.journal.resuming import this_program
from shoal.runtime.journal.run_directory import RunDirectory
from tests.experiments.running.crew import Keyword, Ticket
from tests.experiments.running.experiments import HERE, loaded_experiment, states_in, write_experiment
from tests.experiments.running.program import app

COMPARED = Typer()
COMPARED.command()(compare)
TEAMS = {"single": {"use": f"{HERE}:Keyword"}, "again": {"use": f"{HERE}:Keyword"}}
OURS = [
    ["python", "-m", "shoal", "run", "experiment.yaml"],
    ["python", "-X", "dev", "/usr/bin/shoal", "compare", "experiment.yaml"],
    this_program(),
]
OTHERS = [["python", "other.py", "shoal", "run"], ["python", "-m", "shoal", "audit"], ["python"], []]


def shoal_run(*words: object) -> Any:
    return CliRunner().invoke(app, ["run", *map(str, words)], env={"COLUMNS": "200"})


def shoal_compare(*words: object) -> Any:
    return CliRunner().invoke(COMPARED, [str(word) for word in words], env={"COLUMNS": "200"})


def left_behind(root: Path, name: str, argv: list[str]) -> Path:
    """What a program leaves that is killed while its system starts."""
    with RunDirectory.create(name, root=root, argv=argv, now=1000.0) as made:
        return made.path


@pytest.mark.parametrize("argv", OURS)
def test_run_with_resume_begins_it(tmp_path: Path, argv: list[str]) -> None:
    file = write_experiment(tmp_path, ["charged"])
    path = left_behind(tmp_path / "runs", "mine", argv)
    result = shoal_run(file, "--name", "mine", "--resume")
    assert (result.exit_code, states_in(path)) == (0, {"t0": "done"}), result.stderr
    again = shoal_run(file, "--name", "mine", "--resume")
    assert (again.exit_code, "in 2 sessions" in again.stdout) == (0, True), again.stderr
    with ExperimentRun(path) as seen:
        assert [one["resumed"] for one in seen.environment["sessions"]] == [False, True]


@pytest.mark.parametrize("argv", OURS)
def test_a_comparison_begins_it(tmp_path: Path, argv: list[str]) -> None:
    file = write_experiment(tmp_path, ["charged"], team=None, teams=TEAMS)
    path = left_behind(tmp_path / "runs", "triage-again", argv)
    result = shoal_compare(file)
    assert (result.exit_code, states_in(path)) == (0, {"t0": "done"}), result.stderr
    assert "again: running as triage-again" in result.stderr


def test_a_comparison_that_resume_starts_again_does_all_of_its_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_experiment(tmp_path, ["charged"], team=None, teams=TEAMS)
    path = left_behind(tmp_path / "runs", "triage-single", OURS[1])
    monkeypatch.setenv("SHOAL_RESUME", str(path))
    result = shoal_compare(file)
    assert result.exit_code == 0, result.stderr
    assert sorted(each.name for each in path.parent.iterdir()) == ["triage-again", "triage-single"]


@pytest.mark.asyncio
async def test_a_program_begins_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = Experiment(name="mine", workload={"tasks": [{"text": "charged"}]}, team=Keyword())
    left_behind(tmp_path, "asked", this_program())
    outcome = await run_experiment(experiment, name="asked", root=tmp_path, address="local", resume=True)
    assert (outcome.path.name, outcome.complete) == ("asked", True)
    started_again = left_behind(tmp_path, "again", this_program())
    monkeypatch.setenv("SHOAL_RESUME", str(started_again))
    outcome = await run_experiment(experiment, root=tmp_path, address="local")
    assert (outcome.path, outcome.complete) == (started_again, True)


@pytest.mark.asyncio
@pytest.mark.parametrize("argv", OTHERS)
async def test_one_of_another_program_is_left_alone(tmp_path: Path, argv: list[str]) -> None:
    path = left_behind(tmp_path / "runs", "triage-again", argv)
    loaded = loaded_experiment(tmp_path, ["charged"])
    with pytest.raises(NotAnExperiment, match="made by another program"):
        await run_experiment(loaded, name="triage-again", resume=True)
    assert not is_unbegun(path)


@pytest.mark.parametrize("argv", OTHERS)
def test_the_commands_leave_one_of_another_program_alone(tmp_path: Path, argv: list[str]) -> None:
    path = left_behind(tmp_path / "runs", "triage-again", argv)
    before = sorted(each.name for each in path.iterdir())
    result = shoal_run(write_experiment(tmp_path, ["charged"]), "--name", "triage-again", "--resume")
    assert (result.exit_code, "was made by another program" in result.stderr) == (1, True), result.stderr
    file = write_experiment(tmp_path, ["charged"], team=None, teams=TEAMS)
    compared = shoal_compare(file)
    assert (compared.exit_code, "was made by another program" in compared.stderr) == (2, True)
    assert sorted(each.name for each in path.iterdir()) == before


def test_one_that_a_program_has_is_in_use(tmp_path: Path) -> None:
    path = left_behind(tmp_path / "runs", "triage-again", OURS[0])
    with RunDirectory.open(path.name, root=path.parent):
        result = shoal_run(write_experiment(tmp_path, ["charged"]), "--name", "triage-again", "--resume")
        assert (result.exit_code, "is being run by process" in result.stderr) == (1, True), result.stderr
        file = write_experiment(tmp_path, ["charged"], team=None, teams=TEAMS)
        compared = shoal_compare(file)
    assert (compared.exit_code, "triage-again is running" in compared.stderr) == (1, True), compared.stderr


def test_a_directory_that_is_no_run_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    result = shoal_run(write_experiment(tmp_path, ["charged"]), "--name", "mine", "--resume")
    assert (result.exit_code, "it has no run.json" in result.stderr) == (1, True), result.stderr


@pytest.mark.asyncio
async def test_one_with_a_task_in_its_ledger_has_begun(tmp_path: Path) -> None:
    async with shoal.start("local", run="mine", runs_root=tmp_path) as system:
        assert not is_unbegun(system.run.path)  # this program has it
        path = system.run.path
        agent = await system.spawn(Keyword())
        await system.run.task(agent, Ticket(text="charged"), task="a")
    assert not is_unbegun(path)
    async with shoal.start("local", run="empty", runs_root=tmp_path) as system:
        path = system.run.path
    assert is_unbegun(path)
