"""How commands of experiments end when something is wrong."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from shoal.experiments.errors import Diverged, Problem, bad_experiment, bad_workload
from shoal.experiments.output import experiment_errors
from shoal.runtime.errors import ConfigError

PROBLEMS = [Problem("one [bold]", "e.yaml", 3, "a.b", "do that"), Problem("two", "e.yaml", 4)]


def ended(error: BaseException) -> tuple[int, str]:
    app = typer.Typer()

    @app.command()
    def fail() -> None:
        with experiment_errors("run"):
            raise error

    result = CliRunner().invoke(app, [])
    return result.exit_code, result.output


@pytest.mark.parametrize("error", [bad_experiment(PROBLEMS), bad_workload(PROBLEMS)])
def test_what_is_wrong_in_a_file_is_a_line_each_and_status_2(error: ConfigError) -> None:
    assert ended(error) == (2, "shoal run: e.yaml:3: a.b: one [bold] (do that)\ne.yaml:4: two\n")


def test_a_setting_that_cannot_work_is_status_2() -> None:
    assert ended(ConfigError("no such port")) == (2, "shoal run: no such port\n")


def test_other_errors_are_one_line_and_status_1() -> None:
    assert ended(Diverged("it went\nanother way")) == (1, "shoal run: it went another way\n")
    assert ended(FileNotFoundError(2, "No such file", "x")) == (1, "shoal run: x: No such file\n")


def test_interrupted_is_status_130() -> None:
    assert ended(KeyboardInterrupt()) == (130, "")


def test_secrets_are_not_printed() -> None:
    key = "sk-proj-" + "abcdefgh12345678"
    assert key not in ended(bad_experiment([Problem(f"found {key}")]))[1]
