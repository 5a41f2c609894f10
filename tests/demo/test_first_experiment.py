"""The guide to a first experiment: its commands, one after the other in an empty directory, print what it says."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shoal.cli import app

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "first-experiment.md"
_TIME = re.compile(r"\d[\d.,]* (ms|µs|s)\b")


def commands() -> list[tuple[str, str]]:
    """The page's commands, each with what it is to print."""
    blocks = re.findall(
        r"^```console\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    found = []
    for block in blocks:
        first, *rest = block.splitlines()
        begins = [first.removeprefix("$ "), *rest]
        if begins[0].startswith("cd "):  # as one would type it, after what `shoal init` has printed
            found.append((begins[0], ""))
            begins = [begins[1].removeprefix("$ "), *begins[2:]]
        found.append((begins[0], "\n".join(begins[1:])))
    return found


def stable(printed: str) -> list[str]:
    """What is the same each time: lines without times and what stands behind them, in whatever order agents came."""
    lines = []
    for line in printed.splitlines():
        if "took" in line and "start" in line:
            continue  # the heading of a trace is as wide as its times
        if re.match(r"\S+: [\d,]+ of [\d,]+ tasks, ", line):
            continue  # progress: on a terminal, which the guide shows, it is drawn over
        kept = re.split(r"\s+\d\.\d{3} |\s{2,}\S+ (?:ms|µs|s) ", _TIME.sub("0 ms", line))[0]
        lines.append(re.sub(r"[\s─├└]+", " ", re.sub(r"\(\d\.\d MB\)", "", kept)).strip())
    return sorted(line for line in lines if line)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory to be in; the modules that are imported from it are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv("SHOAL_RUNS", raising=False)
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.timeout(300)
def test_the_commands_of_the_guide_lead_from_an_empty_directory_to_a_report(empty: Path) -> None:
    for command, promised in commands():
        called, *arguments = command.split()
        if called == "cd":
            os.chdir(arguments[0])
            continue
        ended = CliRunner(env={"COLUMNS": "100"}).invoke(app, arguments)
        assert ended.exit_code == 0, ended.output
        assert stable(ended.output) == stable(promised), command
    assert (empty / "triage" / "comparison-report.html").stat().st_size > 100_000


def test_the_guide_has_every_step_of_the_path() -> None:
    steps = [command.split()[1] for command, _ in commands()]
    assert steps == ["init", "triage", "check", "compare", "failures", "trace", "report"]
