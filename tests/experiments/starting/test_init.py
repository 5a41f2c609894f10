"""``shoal init`` writes an experiment that can be run as it is."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import shoal
from shoal.experiments.file.checking import check_experiment
from shoal.experiments.file.command import check
from shoal.experiments.file.loading import load
from shoal.experiments.importing import Importer
from shoal.experiments.starting.command import init
from shoal.experiments.starting.starter import starter_files
from shoal.experiments.workload.messages import message_of

APP = typer.Typer()
APP.command()(init)
APP.command()(check)


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    ended = CliRunner().invoke(APP, ["init", "trial"])
    assert ended.exit_code == 0, ended.output
    monkeypatch.chdir(tmp_path / "trial")
    yield tmp_path / "trial"
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def test_what_it_wrote_can_be_run(started: Path) -> None:
    assert {str(path.relative_to(started)) for path in started.rglob("*") if path.is_file()} == set(
        starter_files()
    )
    ended = CliRunner().invoke(APP, ["check", "experiment.yaml"])
    assert ended.exit_code == 0, ended.output
    assert ended.output.splitlines()[-1] == "ok"
    assert "75 cases, 75 with expected answers" in ended.output


def test_nothing_is_overwritten(started: Path) -> None:
    (started / "agents.py").write_text("mine", encoding="utf-8")
    ended = CliRunner().invoke(APP, ["init", "."])
    assert ended.exit_code == 1
    assert "agents.py" in ended.output
    assert (started / "agents.py").read_text(encoding="utf-8") == "mine"


def test_beside_other_files_it_is_fine_and_in_place_of_a_file_it_is_not(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    assert CliRunner().invoke(APP, ["init", str(tmp_path)]).exit_code == 0
    assert CliRunner().invoke(APP, ["init", str(tmp_path / "notes.txt")]).exit_code == 1


def test_where_one_cannot_be_written_none_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").write_text("mine", encoding="utf-8")
    said = CliRunner().invoke(APP, ["init", str(tmp_path)])
    assert said.exit_code == 1
    assert "data is no directory, and files go into it" in said.output
    assert [path.name for path in tmp_path.iterdir()] == ["data"]

    def full(path: Path, text: str, **options: str) -> int:
        if path.name == "experiment.yaml":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return path.write_bytes(text.encode())

    monkeypatch.setattr(Path, "write_text", full)
    assert CliRunner().invoke(APP, ["init", str(tmp_path / "other")]).exit_code == 1
    assert [path for path in (tmp_path / "other").rglob("*") if path.is_file()] == []


async def test_its_three_teams_are_differently_good_and_none_is_perfect(started: Path) -> None:
    found = check_experiment(load("experiment.yaml"))
    importer = Importer(started)
    assert importer.find("agents:Ticket") is not None
    right: dict[str, float] = {}
    async with shoal.start("local") as system:
        for name, topology in found.teams.items():
            team = await system.build(topology, name=name)
            scores = []
            for task in found.tasks:
                message = message_of(task.input, topology.signature(), found.loaded.experiment.workload)
                answer = await team.ask(message)
                scores.append(answer.label == task.expected)
            right[name] = sum(scores) / len(scores)
    assert set(right) == {"single", "worker", "fan_out"}
    assert right == {"single": 59 / 75, "worker": 62 / 75, "fan_out": 65 / 75}


def test_its_tickets_are_of_all_labels_each_once(started: Path) -> None:
    lines = [json.loads(line) for line in (started / "data" / "tickets.jsonl").read_text().splitlines()]
    assert len({line["id"] for line in lines}) == len({line["text"] for line in lines}) == len(lines) == 75
    assert len({line["label"] for line in lines}) == 5
    assert list(lines[0]) == ["id", "text", "label"]


def test_the_part_with_a_model_can_be_switched_on(started: Path) -> None:
    lines = (started / "experiment.yaml").read_text(encoding="utf-8").splitlines()
    marks = [
        line.replace("# ", "", 1) if line.lstrip().startswith(("# model", "#   ", "#     ")) else line
        for line in lines
    ]
    (started / "experiment.yaml").write_text("\n".join(marks) + "\n", encoding="utf-8")
    experiment = load("experiment.yaml").experiment
    assert list(experiment.teams) == ["single", "worker", "fan_out", "model"]
    assert check_experiment(load("experiment.yaml")).teams["model"].pattern == "single"
