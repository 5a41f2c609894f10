"""What is wrong with an experiment of a Python file is told as that of any other file."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import shoal
from shoal.errors import ConfigError
from tests.experiments.file.test_broken_files import APP

HEAD = "import shoal, sys\nfrom agents import Keyword\n"
MADE = "shoal.Experiment(name='x', workload=['a'], team=Keyword, repeat=2, budget={'usd': -1})"


def said(folder: Path, body: str) -> list[str]:
    (folder / "trial.py").write_text(HEAD + body, encoding="utf-8")
    ended = CliRunner().invoke(APP, ["check", "trial.py"])
    assert ended.exit_code == 2, ended.output
    return str(ended.output).removeprefix("shoal check: ").splitlines()


@pytest.mark.parametrize("body", [f"experiment = {MADE}\n", f"def experiment(): return {MADE}\n"])
def test_each_wrong_field_is_a_line_with_that_of_the_file(folder: Path, body: str) -> None:
    assert said(folder, body) == [
        "trial.py:3: budget.usd: found -1; expected 0 or more",
        "trial.py:3: repeat: there is no field 'repeat' here (did you mean 'repeats'?)",
    ]


def test_an_experiment_that_another_file_makes_has_that_files_line(folder: Path) -> None:
    (folder / "making.py").write_text(
        f"import shoal\nfrom agents import Keyword\n\n\ndef make():\n    return {MADE}\n"
    )
    (first, _) = said(folder, "from making import make\nexperiment = make()\n")
    assert first.endswith("making.py:6: budget.usd: found -1; expected 0 or more")


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("def experiment(): sys.exit(0)\n", "trial.py: experiment() failed: SystemExit: 0 (trial.py:3)"),
        (
            "def experiment():\n    raise ValueError\n",
            "trial.py: experiment() failed: ValueError (trial.py:4)",
        ),
        (
            "def experiment(first): pass\n",
            "trial.py: experiment needs first, and is called without arguments (give its parameters defaults)",
        ),
        ("sys.exit(0)\n", "trial.py: trial.py cannot be imported: SystemExit: 0 (trial.py:3)"),
    ],
)
def test_code_that_ends_or_raises_is_one_line(folder: Path, body: str, line: str) -> None:
    assert said(folder, body) == [line]


def test_a_program_gets_the_same_problems_as_an_error() -> None:
    with pytest.raises(ConfigError) as caught:
        shoal.Experiment(name="x", workload=["a"], team="agents:Keyword", timeout_s=float("inf"), repeats=0)
    assert len(caught.value.details["problems"]) >= 1
    assert "pydantic" not in str(caught.value)
    assert shoal.Experiment(name="x", workload=["a"], team="agents:Keyword", timeout_s="5m").timeout_s == 300
