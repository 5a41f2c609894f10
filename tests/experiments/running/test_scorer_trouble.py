"""A scorer that fails, or gives no score, is told of wherever somebody looks at a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from shoal.cli import app
from shoal.experiments.comparing.holding import compare_runs
from tests.experiments.comparing.runs import made, single
from tests.experiments.running.experiments import HERE, write_experiment

JUDGES = "tests.experiments.running.judges"
FAILED = f"the scorer {JUDGES}:raises raised RuntimeError: bad (judges.py:"


def shoal(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def test_a_broken_scorer_is_told_of_at_the_end_of_a_run_and_in_its_failures(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged", "hello", "boom"], score={"use": f"{JUDGES}:raises"})
    ran = shoal("run", file, "--name", "mine")
    assert ran.exit_code == 0
    assert f"score       the scorer failed on 2 of 2 answers: {FAILED}" in ran.stdout
    failures = shoal("failures", "mine", "--root", tmp_path / "runs").stdout
    assert "2  scorer failed" in failures
    assert "Mend the scorer" in shoal("failures", "mine", "--root", tmp_path / "runs", "--json").stdout


def test_a_comparison_says_that_the_scorer_failed_and_not_that_there_is_none(tmp_path: Path) -> None:
    teams = {name: {"use": f"{HERE}:{of}"} for name, of in (("single", "Keyword"), ("other", "Shouter"))}
    file = write_experiment(
        tmp_path, ["charged", "hello"], team=None, teams=teams, score={"use": f"{JUDGES}:raises"}
    )
    said = shoal("compare", file).stdout
    assert "Nothing was judged" in said
    assert "The scorer failed: mend it" in said
    assert f"other: the scorer failed on 2 answers: task t0: {FAILED}" in said
    assert "Give the workload" not in said


def test_one_team_whose_scorer_failed_is_named_beside_the_figures() -> None:
    broken = made("vote", [None, 1.0])
    result = broken.results[0].model_copy(update={"error": "ScorerFailed", "error_text": "task a: it broke"})
    found = compare_runs([single([1.0, 1.0]), broken._replace(results=(result, *broken.results[1:]))])
    assert found.notes[0] == "vote: the scorer failed on 1 answer: task a: it broke."


def test_answers_that_a_scorer_gives_no_score_are_counted(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, ["charged", "hello"], score={"use": f"{JUDGES}:nothing"})
    said = shoal("run", file, "--name", "mine").stdout
    assert "score       none for 2 answers: nothing was expected, or the scorer gave none" in said
