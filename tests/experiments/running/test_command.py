"""``shoal run`` and ``shoal resume``: status, what is said, and what bad input comes to."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from shoal.runtime.journal.run_directory import RunDirectory
from tests.experiments.running.experiments import HERE, results_in, states_in, with_model, write_experiment
from tests.experiments.running.program import app


def shoal(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def test_a_run_whose_tasks_all_ended_has_status_0_and_a_summary_that_says_what_to_do_next(
    tmp_path: Path,
) -> None:
    file = write_experiment(tmp_path, ["charged", "boom", "some", "hello"])
    result = shoal("run", file, "--name", "mine", "--root", tmp_path / "here")
    assert result.exit_code == 0, result.stderr
    for part in (
        "✓ mine: 4 tasks", "2 done, 1 partial, 1 failed", "0.750 on average of 4", "p50",
        str(tmp_path / "here" / "mine"),
        f"shoal failures mine --root {tmp_path / 'here'}", "shoal report mine", "shoal trace mine TASK",
    ):  # fmt: skip
        assert part in result.stdout


def test_each_of_several_teams_has_a_run_of_its_own_over_the_same_tasks(tmp_path: Path) -> None:
    teams = {"plain": {"use": f"{HERE}:Keyword"}, "again": {"use": f"{HERE}:Keyword"}}
    file = write_experiment(tmp_path, ["charged", "hello"], team=None, teams=teams)
    result = shoal("run", file, "--name", "mine")
    assert result.exit_code == 0, result.stderr
    runs = tmp_path / "runs"
    assert sorted(path.name for path in runs.iterdir()) == ["mine-again", "mine-plain"]
    assert states_in(runs / "mine-again") == states_in(runs / "mine-plain")
    assert json.loads((runs / "mine-again" / "summary.json").read_text())["team"] == "again"
    one = shoal("run", file, "--team", "again", "--name", "one")
    assert (one.exit_code, (runs / "one").is_dir()) == (0, True)
    resumed = shoal("resume", "mine-again", "--root", runs)
    assert (resumed.exit_code, "nothing is left to do" in resumed.stdout) == (0, True)


def test_a_run_that_is_complete_says_so_and_has_its_results_written_if_they_were_not(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged", "boom"])
    assert shoal("run", file, "--name", "mine", "--quiet").stdout == ""
    path = tmp_path / "runs" / "mine"
    (path / "results.jsonl").unlink()
    (path / "summary.json").unlink()
    result = shoal("resume", "mine", "--root", tmp_path / "runs")
    assert result.exit_code == 0
    assert "mine: it is complete, nothing is left to do" in result.stdout
    assert [one.task for one in results_in(path)] == ["t0", "t1"]
    retried = shoal("resume", "mine", "--root", tmp_path / "runs", "--retry-failed")
    assert (retried.exit_code, results_in(path)[1].attempts) == (0, 2)


def test_a_run_that_is_out_of_budget_has_status_1_and_says_which_budget_to_raise(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"] * 5, **with_model(budget={"calls": 2}))
    result = shoal("run", file, "--name", "mine")
    assert result.exit_code == 1
    assert "the budget is used up" in result.stdout
    assert "2 done, 3 not started" in result.stdout
    assert f"shoal resume mine --root {tmp_path / 'runs'} --set budget.calls=..." in result.stdout
    resumed = shoal("resume", "mine", "--root", tmp_path / "runs", "--set", "budget.calls=5")
    assert (resumed.exit_code, "5 done" in resumed.stdout) == (0, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "team.use=nowhere:Nobody"], "nowhere"),
        (["--set", "nothing.here=1"], "nothing"),
        (["--team", "other"], "no team 'other'"),
        (["--name", "a/b"], "cannot be a run's name"),
        (["--set", "workload.tasks=missing.jsonl"], "missing.jsonl"),
    ],
)
def test_what_is_wrong_before_anything_is_started_has_status_2(
    tmp_path: Path, words: list[str], said: str
) -> None:
    file = write_experiment(tmp_path, ["charged"])
    result = shoal("run", file, *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("shoal run: ")
    assert said in result.stderr
    assert not (tmp_path / "runs").exists()


def test_a_name_that_is_taken_has_status_1(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"])
    assert shoal("run", file, "--name", "mine", "-q").exit_code == 0
    result = shoal("run", file, "--name", "mine")
    assert (result.exit_code, "shoal resume mine" in result.stderr) == (1, True)


def test_resume_leaves_runs_of_other_programs_to_their_programs(tmp_path: Path) -> None:
    RunDirectory.create("mine", root=tmp_path, now=1000.0).close()
    result = shoal("resume", "mine", "--root", tmp_path)
    assert result.exit_code == 1
    assert f"SHOAL_RESUME={tmp_path / 'mine'}" in result.stderr
    assert "there is no run 'none'" in shoal("resume", "none", "--root", tmp_path).stderr


def test_a_run_that_somebody_has_is_not_resumed(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"])
    assert shoal("run", file, "--name", "mine", "-q").exit_code == 0
    with RunDirectory.open("mine", root=tmp_path / "runs"):
        result = shoal("resume", "mine", "--root", tmp_path / "runs")
    assert (result.exit_code, f"process {os.getpid()}" in result.stderr) == (1, True), result.stderr


def test_what_a_killed_program_left_half_written_is_mended(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"] * 3)
    assert shoal("run", file, "--name", "mine", "-q").exit_code == 0
    path = tmp_path / "runs" / "mine"
    whole = (path / "results.jsonl").read_text()
    (path / "results.jsonl").write_text(whole[:-20])
    assert shoal("resume", "mine", "--root", tmp_path / "runs", "-q").exit_code == 0
    assert (path / "results.jsonl").read_text() == whole
    (path / "tasks.jsonl").unlink()
    result = shoal("resume", "mine", "--root", tmp_path / "runs")
    assert (result.exit_code, "start it anew" in result.stderr) == (1, True)
    (path / "environment.json").write_text("{}")
    assert "environment.json" in shoal("resume", "mine", "--root", tmp_path / "runs").stderr


def test_a_run_that_was_killed_before_it_began_begins_when_its_command_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_experiment(tmp_path, ["charged"])
    RunDirectory.create("mine", root=tmp_path / "runs", now=1000.0).close()
    monkeypatch.setenv("SHOAL_RESUME", str(tmp_path / "runs" / "mine"))
    result = shoal("run", file)
    assert result.exit_code == 0, result.stderr
    assert states_in(tmp_path / "runs" / "mine") == {"t0": "done"}
