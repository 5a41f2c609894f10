"""Going on with a run: as the experiment that it is of, with one scorer, under its own team, and after a stop."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner

from shoal.experiments.comparing.command import compare
from shoal.experiments.comparing.doing import ComparisonStopped
from shoal.experiments.errors import BadExperiment
from shoal.experiments.running.environment import read_environment
from shoal.experiments.running.launching import run as run_experiment
from shoal.experiments.running.planning import plan_resume
from shoal.experiments.running.rewriting import rewrite
from shoal.experiments.running.stop import Stop
from shoal.experiments.starting.command import init
from shoal.runtime.journal.run_directory import RunDirectory
from tests.experiments.running.experiments import (
    HERE,
    loaded_experiment,
    results_in,
    states_in,
    with_model,
    write_experiment,
)
from tests.experiments.running.program import app

SHOAL = ["python", "-m", "shoal", "run", "experiment.yaml"]
TEAMS = {"single": {"use": f"{HERE}:Keyword"}, "again": {"use": f"{HERE}:Keyword"}}
PLAIN = f"{HERE}:always"


def invoke(told: Typer, *words: object) -> Any:
    return CliRunner().invoke(told, [str(word) for word in words], env={"COLUMNS": "200"})


def shoal(*words: object) -> Any:
    return invoke(app, *words)


def one_command(function: Any) -> Typer:
    made = Typer()
    made.command()(function)
    return made


# -- as which experiment --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("seed=3", "another seed"),
        ("repeats=2", "other tasks (2, and now there are 4)"),
        ("score.contains={}", "another score"),
        (f"team.use={HERE}:Shouter", "another team"),
        ("models.default.model=other", "another models"),
        ("workload.tasks=others.jsonl", "other tasks ('t1' is another one now)"),
    ],
)
def test_run_with_resume_is_refused_for_another_experiment_and_says_what_differs(
    tmp_path: Path, override: str, said: str
) -> None:
    file = write_experiment(tmp_path, ["charged", "hello"], **_with_spare_model())
    lines = (tmp_path / "tickets.jsonl").read_text()
    (tmp_path / "others.jsonl").write_text(lines.replace("hello", "good day"))
    assert shoal("run", file, "--name", "mine", "-q").exit_code == 0
    path = tmp_path / "runs" / "mine"
    before = (path / "experiment.json").read_text()
    result = shoal("run", file, "--name", "mine", "--resume", "--set", override)
    assert result.exit_code == 2, result.stderr
    resume = f"shoal resume mine --root {path.parent}"
    for part in ("there is a run 'mine' already", said, "another name", resume):
        assert part in result.stderr
    assert (path / "experiment.json").read_text() == before


def _with_spare_model() -> dict[str, Any]:
    return {**with_model(), "team": {"use": f"{HERE}:Keyword"}}


def test_budgets_limits_concurrency_and_the_place_of_the_file_may_be_others(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"] * 4, **with_model(budget={"calls": 2}))
    root = tmp_path / "here"
    assert shoal("run", file, "--name", "mine", "--root", root).exit_code == 1
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in (file.name, "tickets.jsonl"):
        (tmp_path / name).rename(moved / name)
    lines = (moved / "tickets.jsonl").read_text()
    (moved / "tickets.jsonl").write_text(f"\n{lines}")
    words = ["--set", "budget.calls=9", "--set", "concurrency=3", "--set", "limits.rpm=1000"]
    result = shoal("run", moved / file.name, "--name", "mine", "--root", root, "--resume", *words)
    assert (result.exit_code, "4 done" in result.stdout) == (0, True), result.stderr + result.stdout


def test_what_was_overridden_when_it_was_gone_on_with_holds_from_then_on(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"] * 6, **with_model(budget={"calls": 2}))
    assert shoal("run", file, "--name", "mine").exit_code == 1
    file.write_text(file.read_text().replace("calls: 2", "calls: 3"))
    more = shoal("run", file, "--name", "mine", "--resume", "--set", "concurrency=2")
    assert (more.exit_code, "3 done" in more.stdout) == (1, True), more.stdout
    path = tmp_path / "runs" / "mine"
    assert read_environment(path).overrides == ("concurrency=2",)
    assert (path / "experiment.yaml").read_text() == file.read_text()
    last = shoal("resume", "mine", "--root", path.parent, "--set", "budget.calls=4")
    assert (last.exit_code, "4 done" in last.stdout) == (1, True), last.stdout
    spec = json.loads((path / "experiment.json").read_text())
    assert (spec["concurrency"], spec["budget"]["calls"]) == (2, 4)


@pytest.mark.asyncio
async def test_a_program_is_told_as_well(tmp_path: Path) -> None:
    await run_experiment(loaded_experiment(tmp_path, ["charged"]), name="r")
    other = loaded_experiment(tmp_path, ["charged", "hello"])
    with pytest.raises(BadExperiment, match="it ran other tasks"):
        await run_experiment(other, name="r", resume=True)
    same = loaded_experiment(tmp_path, ["charged"], "concurrency=2")
    assert (await run_experiment(same, name="r", resume=True)).summary.sessions == 2
    several = loaded_experiment(tmp_path, ["charged"], team=None, teams=TEAMS)
    await run_experiment(several, team="single", name="one", root=tmp_path)
    with pytest.raises(BadExperiment, match="it is of team 'single'"):
        await run_experiment(several, team="again", name="one", root=tmp_path, resume=True)


# -- with which scorer ----------------------------------------------------------------------------------------


def test_a_run_that_goes_on_with_another_scorer_has_all_its_answers_judged_by_it(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"] * 4, **with_model(budget={"calls": 2}))
    assert shoal("run", file, "--name", "mine").exit_code == 1
    path = tmp_path / "runs" / "mine"
    assert {result.score for result in results_in(path)} == {1.0, None}
    words = ["--root", path.parent, "--set", "budget.calls=9", "--set", f"score.use={PLAIN}"]
    assert shoal("resume", "mine", *words).exit_code == 0
    assert [result.score for result in results_in(path)] == [0.25] * 4


def test_a_complete_run_is_judged_again_by_another_scorer_which_it_keeps(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"] * 2)
    assert shoal("run", file, "--name", "mine", "-q").exit_code == 0
    path = tmp_path / "runs" / "mine"
    assert shoal("resume", "mine", "--root", path.parent, "--set", f"score.use={PLAIN}").exit_code == 0
    assert [result.score for result in results_in(path)] == [0.25] * 2
    assert json.loads((path / "experiment.json").read_text())["score"]["use"]["function"] == PLAIN
    assert shoal("resume", "mine", "--root", path.parent).exit_code == 0
    assert [result.score for result in results_in(path)] == [0.25] * 2
    assert json.loads((path / "summary.json").read_text())["score"] == 0.25


# -- of which team --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "team"),
    [((), "c-b"), (("--name", "x-c"), "b"), (("--name", "x"), "c-b"), (("--team", "b"), "b")],
)
def test_a_run_that_died_early_is_of_the_team_that_its_name_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], team: str
) -> None:
    teams = {"b": {"use": f"{HERE}:Keyword"}, "c-b": {"use": f"{HERE}:Keyword"}}
    file = write_experiment(tmp_path, ["charged"], team=None, teams=teams)
    path = tmp_path / "runs" / "x-c-b"
    RunDirectory.create("x-c-b", root=path.parent, argv=SHOAL, now=1000.0).close()
    monkeypatch.setenv("SHOAL_RESUME", str(path))
    result = shoal("run", file, *words)
    assert result.exit_code == 0, result.stderr
    assert read_environment(path).team == team


def test_where_the_team_is_written_down_its_name_is_not_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_experiment(tmp_path, ["charged"], team=None, teams=TEAMS)
    assert shoal("run", file, "--team", "single", "--name", "x-again", "-q").exit_code == 0
    path = tmp_path / "runs" / "x-again"
    written = (path / "environment.json").read_text()
    RunDirectory.create("y-again", root=path.parent, argv=SHOAL, now=1000.0).close()
    (path.parent / "y-again" / "environment.json").write_text(written)
    monkeypatch.setenv("SHOAL_RESUME", str(path.parent / "y-again"))
    assert shoal("run", file).exit_code == 0
    assert read_environment(path.parent / "y-again").team == "single"


# -- after a stop ---------------------------------------------------------------------------------------------


@pytest.fixture
def stopped_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody asks for the end while results are written."""
    stops: list[Stop] = []

    def made() -> Stop:
        stops.append(Stop())
        return stops[-1]

    def asked(*arguments: Any, **more: Any) -> Any:
        stops[-1].ask("test")
        return rewrite(*arguments, **more)

    monkeypatch.setattr("shoal.experiments.running.runner.rewrite", asked)
    monkeypatch.setattr("shoal.experiments.running.command.Stop", made)


@pytest.mark.usefixtures("stopped_late")
def test_a_stop_while_results_are_written_keeps_the_next_team_from_being_begun(tmp_path: Path) -> None:
    folder = tmp_path / "my experiment"
    folder.mkdir()
    file = write_experiment(folder, ["charged"], team=None, teams=TEAMS)
    result = shoal("run", file, "--name", "mine", "--set", "concurrency=2")
    assert result.exit_code == 130
    assert [each.name for each in (folder / "runs").iterdir()] == ["mine-again"]
    assert states_in(folder / "runs" / "mine-again") == {"t0": "done"}
    begin = f"shoal run {shlex.quote(str(file))} --set concurrency=2 --team single --name mine-single"
    assert f"not begun: mine-single; begin it with: {begin}" in result.stderr
    again = shoal(*shlex.split(begin)[1:])
    assert (again.exit_code, states_in(folder / "runs" / "mine-single")) == (0, {"t0": "done"})


@pytest.mark.usefixtures("stopped_late")
def test_a_stop_after_which_nothing_is_left_is_no_interruption(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"], team=None, teams=TEAMS)
    result = shoal("run", file, "--name", "mine", "--team", "again")
    assert (result.exit_code, "its one task has ended" in result.stdout) == (0, True)


@pytest.mark.usefixtures("stopped_late")
def test_a_stop_of_a_run_that_is_out_of_budget_is_one(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"] * 3, **with_model(budget={"calls": 1}))
    assert shoal("run", file, "--name", "mine").exit_code == 130


# -- where ----------------------------------------------------------------------------------------------------


def test_a_run_goes_on_where_it_was_told_to_run_before(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"] * 3, **with_model(budget={"calls": 1}, cluster=None))
    assert shoal("run", file, "--name", "mine", "--address", "local", "-q").exit_code == 1
    plan = plan_resume(tmp_path / "runs" / "mine")
    assert (plan.address, plan.environment.address) == ("local", "local")
    assert plan_resume(tmp_path / "runs" / "mine", address="auto").environment.address == "auto"
    resumed = shoal("resume", "mine", "--root", tmp_path / "runs", "--set", "budget.calls=5")
    assert (resumed.exit_code, resumed.stderr.count("elsewhere")) == (0, 0)


def test_who_moves_a_run_is_told_what_is_not_found_there(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"] * 3, **with_model(budget={"calls": 1}))
    assert shoal("run", file, "--name", "mine", "-q").exit_code == 1
    moved = tmp_path / "runs" / "mine" / "environment.json"
    moved.write_text(moved.read_text().replace('"address": null', '"address": "auto"'))
    words = ["--root", tmp_path / "runs", "--set", "budget.calls=5", "--address", "local"]
    resumed = shoal("resume", "mine", *words)
    assert resumed.exit_code == 0
    assert "it ran elsewhere before" in resumed.stderr


def test_a_local_run_is_not_begun_without_the_key_of_a_model_that_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    models = {"default": {"model": "gpt-5-mini"}}
    file = write_experiment(tmp_path, ["charged"], **with_model(models=models))
    result = shoal("run", file, "--name", "mine")
    assert result.exit_code == 2
    assert "models.default: the environment variable OPENAI_API_KEY is not set" in result.stderr
    assert not (tmp_path / "runs").exists()


# -- what is said of going on ---------------------------------------------------------------------------------


def test_a_run_that_an_error_ended_says_how_to_go_on(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"], team={"use": f"{HERE}:NeverStarts"})
    result = shoal("run", file, "--name", "mine")
    assert result.exit_code == 1
    how, why = result.stderr.splitlines()[-2:]
    assert how.endswith(f"go on with: shoal resume mine --root {tmp_path / 'runs'}")
    assert "its house is on fire" in why


def test_a_quiet_run_that_is_out_of_budget_says_which_budget_to_raise(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged"] * 3, **with_model(budget={"calls": 1}))
    result = shoal("run", file, "--name", "cut", "-q")
    assert result.stdout == ""
    said = f"resume with: shoal resume cut --root {tmp_path / 'runs'} --set budget.calls=...\n"
    assert result.stderr == said


def test_a_fresh_comparison_that_is_stopped_goes_on_without_beginning_anew_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stopped(*_: object, **__: object) -> None:
        where = str(tmp_path / "runs" / "triage-again")
        raise ComparisonStopped("stopped while triage-again was under way", run="triage-again", path=where)

    monkeypatch.setattr("shoal.experiments.comparing.command.compare_teams", stopped)
    file = write_experiment(tmp_path, ["charged"], team=None, teams=TEAMS)
    ended = invoke(one_command(compare), file, "--fresh")
    assert ended.exit_code == 130
    assert f"Go on with: shoal compare {file}\n" in ended.stderr


def test_the_command_into_a_folder_with_a_space_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "$ cd 'x y'\n" in invoke(one_command(init), "x y").stdout


# -- what a comparison reads ----------------------------------------------------------------------------------


def test_finished_runs_are_read_after_lines_of_the_workload_have_moved_or_its_file_was_renamed(
    tmp_path: Path,
) -> None:
    file = write_experiment(tmp_path, ["charged", "hello"], team=None, teams=TEAMS)
    assert invoke(one_command(compare), file).exit_code == 0
    lines = (tmp_path / "tickets.jsonl").read_text()
    (tmp_path / "tickets.jsonl").unlink()
    (tmp_path / "renamed.jsonl").write_text(f"\n{lines}")
    again = invoke(one_command(compare), file, "--set", "workload.tasks=renamed.jsonl")
    assert (again.exit_code, again.stderr.count("is finished, read")) == (0, 2), again.stderr
