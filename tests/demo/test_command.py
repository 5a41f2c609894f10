"""``shoal demo`` as its user meets it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shoal.cli import app
from shoal.demo import command
from shoal.demo.docstrings import folder
from shoal.demo.docstrings.strikes import Strikes
from tests.demo.few_docstrings import FEW

TEAMS = ("single", "vote", "desks", "second_look")
SMALL = ("--cases", "40", "--address", "local")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory to be in; the modules that are imported from it are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv("SHOAL_RUNS", raising=False)
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is quick to read and to learn."""
    monkeypatch.setattr(folder, "docstrings", lambda library: FEW)


def demo(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(app, ["demo", *arguments])


def started(*arguments: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "shoal", "demo", *arguments]
    return subprocess.Popen(
        program,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "100"},
    )


def figures(place: Path, suffix: str = "") -> dict[str, dict[str, tuple[str, str, float]]]:
    """What the runs of all teams came to: state, package and score of each task. (Whose of three answers it is that
    says so depends on who came first.)"""
    found = {}
    for team in TEAMS:
        path = place / "shoal-demo" / ".shoal" / "runs" / f"docstrings-{team}{suffix}" / "results.jsonl"
        results = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        found[team] = {one["task"]: (one["state"], one["output"]["package"], one["score"]) for one in results}
    return found


def test_it_writes_an_experiment_compares_four_teams_and_says_what_to_do_next(place: Path) -> None:
    result = demo(*SMALL)
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines()[0] == "single: running as docstrings-single (1 of 4; 40 tasks)"
    assert "$ cd shoal-demo\n$ shoal compare experiment.yaml --address local\n" in result.stdout
    for team in TEAMS:
        assert re.search(rf"^{team} +\d.* 40 +0( +\d+)? *$", result.stdout, re.MULTILINE), team
    assert (place / "shoal-demo" / "report.html").stat().st_size > 100_000
    assert Path.cwd() == place
    assert result.stdout.index("No team is better") < result.stdout.index("shoal report")


@pytest.mark.usefixtures("small")
def test_what_it_says_to_do_next_can_be_done(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = demo(*SMALL).stdout
    monkeypatch.chdir(place / "shoal-demo")
    for kind in ("trace", "why"):
        (words,) = re.findall(rf"^\$ shoal ({kind} \S+ q\d+)", said, re.MULTILINE)
        shown = CliRunner(env={"COLUMNS": "100"}).invoke(app, words.split())
        assert shown.exit_code == 0, shown.output
    checked = CliRunner().invoke(app, ["check", "experiment.yaml"])
    assert checked.stdout.splitlines()[-1] == "ok"


@pytest.mark.timeout(300)
def test_two_demos_in_two_processes_come_to_the_same_figures(place: Path) -> None:
    assert demo(*SMALL).exit_code == 0
    (place / "again").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "shoal", "demo", *SMALL],
        cwd=place / "again",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert figures(place) == figures(place / "again")


@pytest.mark.usefixtures("small")
def test_given_again_it_reads_what_is_there_and_given_fresh_it_runs_anew(place: Path) -> None:
    first = demo(*SMALL)
    again = demo(*SMALL)
    assert again.stderr.count("is finished, read") == 4
    assert "wrote" not in again.stdout
    anew = demo(*SMALL, "--fresh")
    assert anew.stderr.count("running as") == 4
    assert first.exit_code == again.exit_code == anew.exit_code == 0
    assert figures(place) == figures(place, "-2")


@pytest.mark.timeout(300)
def test_an_interrupt_says_how_to_go_on_and_the_same_command_does(place: Path) -> None:
    with started("--cases", "200", "--address", "local") as running:
        results = place / "shoal-demo" / ".shoal" / "runs" / "docstrings-single" / "results.jsonl"
        until = time.monotonic() + 60
        while not (results.exists() and results.stat().st_size) and time.monotonic() < until:
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert re.search(
        r"stopped while docstrings-\w+ was under way\. Go on with: shoal demo --cases 200 --address local$",
        errors.strip(),
    )
    done = demo("--cases", "200", "--address", "local")
    assert done.exit_code == 0, done.output
    assert "going on with docstrings-" in done.stderr
    assert [len(results) for results in figures(place).values()] == [200] * 4


def test_there_is_nobody_to_kill_in_one_process(place: Path) -> None:
    result = demo(*SMALL, "--kill-agents", "2")
    assert result.exit_code == 2
    assert result.stderr.strip() == (
        "shoal demo: there are no processes of agents to kill in one process: leave out --address"
    )
    assert not (place / "shoal-demo").exists()


@pytest.mark.usefixtures("small")
def test_other_questions_than_those_that_are_there_are_one_clear_line() -> None:
    folder.write_demo(Path("shoal-demo"), 40, 0)
    result = demo("--cases", "48", "--address", "local")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert re.fullmatch(
        r"shoal demo: shoal-demo/data/questions.jsonl has other questions .* with --dir",
        result.stderr.strip(),
    )


def test_a_folder_that_cannot_be_written_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied", "shoal-demo")

    monkeypatch.setattr(command, "write_demo", refused)
    result = demo(*SMALL)
    assert result.exit_code == 1
    assert result.stderr.strip() == "shoal demo: shoal-demo: Permission denied"


def test_a_python_without_sources_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "standard_library", lambda: tmp_path)
    result = demo(*SMALL)
    assert result.exit_code == 2
    assert "take another Python" in result.stderr


@pytest.mark.usefixtures("small")
def test_an_address_that_is_none_is_one_clear_line() -> None:
    result = demo("--cases", "40", "--address", "somewhere")
    assert result.exit_code == 1
    assert "'somewhere' is no address of a Ray cluster" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_agents_that_are_killed_on_ray_change_no_figure(place: Path) -> None:
    with started("--cases", "80", "--kill-agents", "2") as running:
        printed, errors = running.communicate(timeout=500)
    assert running.returncode == 0, errors
    assert "Traceback" not in errors
    killed, again = re.findall(
        r"(\d+) processes of agents were killed meanwhile, (\d+) were started again", printed
    )[0]
    assert int(killed) == 8
    assert int(again) >= 1
    struck = figures(place)
    assert demo("--cases", "80", "--address", "local", "--fresh").exit_code == 0
    assert {state for results in struck.values() for state, _, _ in results.values()} == {"done"}
    assert figures(place, "-2") == struck


async def test_kills_end_with_the_run_that_they_are_in() -> None:
    strikes = Strikes(40, 2, 0)
    strikes.stop()
    assert strikes.kills == 0
