"""The runs of a comparison are a set: what is run anew is a new one, and the newest is read and gone on with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from shoal.experiments.comparing.comparison import Comparison
from shoal.experiments.comparing.doing import ComparisonStopped, compare
from shoal.experiments.comparing.run_set import run_name, set_number
from shoal.experiments.errors import BadExperiment, NothingToCompare
from shoal.experiments.file.loading import load
from shoal.experiments.running.planning import plan_run
from shoal.experiments.running.runner import Runner
from shoal.experiments.running.stop import Stop
from shoal.runtime.journal.reader import list_runs
from shoal.runtime.journal.run_directory import RunDirectory

CODE = """
async def right(text: str) -> str:
    return "yes"


async def wrong(text: str) -> str:
    return "no"
"""
TEAMS = {"single": {"use": "answerers.py:right"}, "two": {"topology": "pipeline", "stages": [
    {"use": "answerers.py:right"}, {"use": "answerers.py:wrong"}
]}}  # fmt: skip


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with agents: one for all tests, for a module is imported once."""
    folder = tmp_path_factory.mktemp("sets")
    (folder / "answerers.py").write_text(CODE, encoding="utf-8")
    return folder


def write(folder: Path, name: str = "f", *, file: str = "", **fields: Any) -> Path:
    """An experiment file."""
    cases = [{"id": f"c{n}", "text": f"{n}", "answer": "yes"} for n in range(8)]
    (folder / "cases.jsonl").write_text("".join(f"{json.dumps(case)}\n" for case in cases), encoding="utf-8")
    whole = {
        "name": name,
        "teams": TEAMS,
        "workload": {"tasks": "cases.jsonl", "answer": "answer"},
        "cluster": {"address": "local"},
        **fields,
    }
    path = folder / f"{file or name}.yaml"
    path.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")
    return path


def runs_of(found: Comparison) -> list[str]:
    """Which runs were held against each other."""
    return [team.run for team in found.teams]


async def stopped_at(start: str, *files: Path, root: Path, fresh: bool) -> ComparisonStopped:
    """A comparison that is stopped when it says this."""
    stop = Stop()

    def said(text: str) -> None:
        if text.startswith(start):
            stop.ask("enough")

    with pytest.raises(ComparisonStopped) as stopped:
        await compare(*files, root=root, stop=stop, said=said, fresh=fresh)
    return stopped.value


async def test_what_was_run_anew_is_what_is_read_from_then_on(code: Path, tmp_path: Path) -> None:
    path, root = write(code), tmp_path / "runs"
    assert runs_of(await compare(path, root=root, fresh=True)) == ["f-single", "f-two"]
    assert runs_of(await compare(path, root=root, fresh=True)) == ["f-single-2", "f-two-2"]
    said: list[str] = []
    assert runs_of(await compare(path, root=root, said=said.append)) == ["f-single-2", "f-two-2"]
    assert said[0] == "single: run f-single-2 is finished, read (run anew with --fresh)"


async def test_a_fresh_comparison_that_was_stopped_goes_on_in_its_own_set(code: Path, tmp_path: Path) -> None:
    path, root = write(code), tmp_path / "runs"
    await compare(path, root=root)
    await stopped_at("single", path, root=root, fresh=True)
    assert sorted(run.run for run in list_runs(root)) == ["f-single", "f-single-2", "f-two"]
    said: list[str] = []
    assert runs_of(await compare(path, root=root, said=said.append)) == ["f-single-2", "f-two-2"]
    assert said == [
        "single: going on with f-single-2 (1 of 2; 8 tasks)",
        "two: running as f-two-2 (2 of 2; 8 tasks)",
    ]


async def test_a_run_that_was_cut_off_before_it_began_is_of_the_newest_set(
    code: Path, tmp_path: Path
) -> None:
    path, root = write(code), tmp_path / "runs"
    await compare(path, root=root)
    argv = ["python", "/usr/bin/shoal", "compare", str(path), "--fresh"]
    RunDirectory.create("f-single-2", root=root, argv=argv, now=1000.0).close()
    assert runs_of(await compare(path, root=root)) == ["f-single-2", "f-two-2"]


async def test_teams_share_the_next_number_that_none_of_them_has(code: Path, tmp_path: Path) -> None:
    path, root = write(code), tmp_path / "runs"
    loaded = load(path)
    await Runner(plan_run(loaded, team="two", run="f-two", root=root)).run()
    assert set_number(loaded, root) == 1
    assert runs_of(await compare(path, root=root)) == ["f-single", "f-two"]
    await Runner(plan_run(loaded, team="two", run="f-two-5", root=root)).run()
    assert set_number(loaded, root) == 5
    assert runs_of(await compare(path, root=root, fresh=True)) == ["f-single-6", "f-two-6"]


async def test_the_baseline_that_is_made_is_of_the_same_set(code: Path, tmp_path: Path) -> None:
    path, root = write(code, teams=None, team=TEAMS["two"]), tmp_path / "runs"
    await compare(path, root=root)
    await stopped_at("single", path, root=root, fresh=True)
    assert runs_of(await compare(path, root=root)) == ["f-single-2", "f-team-2"]


async def test_a_run_of_another_experiment_under_such_a_name_is_left_alone(
    code: Path, tmp_path: Path
) -> None:
    path, root = write(code), tmp_path / "runs"
    other = load(write(code, "other"))
    await compare(path, root=root)
    await Runner(plan_run(other, team="single", run="f-single-2", root=root)).run()
    (root / "f-two-4").mkdir()
    assert runs_of(await compare(path, root=root)) == ["f-single", "f-two"]
    assert runs_of(await compare(path, root=root, fresh=True)) == ["f-single-3", "f-two-3"]


async def test_a_team_whose_name_ends_in_a_number_is_no_later_run_of_another(
    code: Path, tmp_path: Path
) -> None:
    path, root = write(code, teams={**TEAMS, "single-2": TEAMS["single"]}), tmp_path / "runs"
    await compare(path, root=root, baseline="single")
    assert set_number(load(path), root) == 1
    assert set_number(load(path), root, fresh=True) == 3
    assert run_name(load(path), "single-2", 3) == "f-single-2-3"


async def test_each_experiment_has_its_own_newest_set(code: Path, tmp_path: Path) -> None:
    one, other, root = write(code, "a"), write(code, "b"), tmp_path / "runs"
    await compare(one, root=root)
    await compare(one, other, root=root, fresh=True)
    assert sorted(run.run for run in list_runs(root)) == [
        "a-single", "a-single-2", "a-two", "a-two-2", "b-single", "b-two",
    ]  # fmt: skip
    stopped = await stopped_at("single", one, other, root=root, fresh=True)
    assert stopped.text == (
        "stopped while a-single-3 was under way; of b nothing was run anew yet, and the runs before are read"
    )
    assert runs_of(await compare(one, other, root=root)) == ["a-single-3", "a-two-3", "b-single", "b-two"]


async def test_the_newest_set_is_not_read_when_it_is_of_other_tasks(code: Path, tmp_path: Path) -> None:
    path, root = write(code), tmp_path / "runs"
    await compare(path, root=root)
    await compare(path, root=root, fresh=True, overrides=["workload.limit=7"])
    with pytest.raises(BadExperiment, match="'f-single-2' already, and it ran other tasks"):
        await compare(path, root=root)
    assert runs_of(await compare("f-single", "f-two", root=root)) == ["f-single", "f-two"]


async def test_two_files_of_one_name_are_named_with_the_remedy(code: Path, tmp_path: Path) -> None:
    team = {"teams": None, "team": TEAMS["single"]}
    one, other = write(code, "x", file="fa1", **team), write(code, "x", file="fa2", **team)
    said = f"{one} and {other} are both called 'x', so that their runs would be the same: give .* another `name:`"
    with pytest.raises(NothingToCompare, match=said):
        await compare(one, other, root=tmp_path / "runs")
    with pytest.raises(NothingToCompare, match=f"{one} is given twice"):
        await compare(one, one, root=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
