"""The guide to a first experiment: its commands, one after the other in an empty directory, print what it says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shoal.cli import app
from tests.guides import commands, empty_directory, stable, table

GUIDE = "first-experiment.md"


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory to be in."""
    with empty_directory(tmp_path, monkeypatch):
        yield tmp_path


@pytest.mark.timeout(300)
def test_the_commands_of_the_guide_lead_from_an_empty_directory_to_a_report(empty: Path) -> None:
    for command, promised in commands(GUIDE):
        called, *arguments = command.split()
        if called == "cd":
            os.chdir(arguments[0])
            continue
        ended = CliRunner(env={"COLUMNS": "100"}).invoke(app, arguments)
        assert ended.exit_code == 0, ended.output
        assert stable(ended.output) == stable(promised), command
        assert table(ended.output) == table(promised), command
    assert (empty / "triage" / "comparison-report.html").stat().st_size > 100_000


def test_the_guide_has_every_step_of_the_path() -> None:
    steps = [command.split()[1] for command, _ in commands(GUIDE)]
    assert steps == ["init", "triage", "check", "compare", "failures", "trace", "report"]
