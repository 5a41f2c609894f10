"""The guide to comparing: its command prints what the page says, with every figure that is no time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shoal.cli import app
from tests.guides import commands, empty_directory, stable, table


@pytest.mark.timeout(120)
def test_the_comparison_of_the_guide_is_what_the_starter_comes_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder, _), (command, promised) = commands("comparing.md")
    assert (folder, command) == ("cd triage", "shoal compare experiment.yaml")
    with empty_directory(tmp_path, monkeypatch):
        assert CliRunner().invoke(app, ["init", "triage"]).exit_code == 0
        os.chdir("triage")
        ended = CliRunner(env={"COLUMNS": "110"}).invoke(app, command.split()[1:])
    assert ended.exit_code == 0, ended.output
    figures = table(ended.output)
    assert list(figures) == ["single", "worker", "fan_out"]
    assert list(figures["single"]) == ["score (95 %)", "difference (95 %)", "p", "done", "failed", "messages"]
    assert table(promised) == figures
    assert stable(promised) == stable(ended.output)
