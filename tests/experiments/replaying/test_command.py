from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from shoal.cli import app
from shoal.experiments.replaying.command import _settings
from shoal.experiments.running.planning import plan_resume


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number: int = taken.getsockname()[1]
        return number


@pytest.fixture
def run(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose system served its metrics."""
    (tmp_path / "tickets.jsonl").write_text('{"id": "t0", "text": "charged"}\n')
    (tmp_path / "experiment.yaml").write_text(
        "name: desk\nworkload: {tasks: tickets.jsonl}\nteam: {use: 'tests.experiments.replaying.clerk:Clerk'}\n"
        "cluster: {address: local}\noutput: {runs: runs, journal: messages}\n"
        f"settings: {{metrics_port: {port}, metrics_host: 127.0.0.1}}\n"
    )
    monkeypatch.setenv("SAYS", "billing")
    ran = shoal_says("run", tmp_path / "experiment.yaml", "--name", "mine", "--quiet")
    assert ran.exit_code == 0, ran.output
    return tmp_path / "runs" / "mine"


def shoal_says(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def test_a_replay_serves_nothing_although_the_run_did(run: Path, port: int) -> None:
    assert not {"metrics_port", "metrics_host", "state_store"} & set(_settings(plan_resume(run)))
    with socket.create_server(("127.0.0.1", port)):  # nobody else could listen there
        result = shoal_says("replay", run, "t0")
    assert result.exit_code == 0, result.output
    assert "✓ t0: as it was recorded" in result.stdout
    assert "what messages say is not recorded: not compared" in result.stdout


def test_another_answer_is_status_3_and_shown_without_secrets_or_control_codes(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
    monkeypatch.setenv("SAYS", f"\x1b[2J {key}")
    for words in (["t0"], [], ["--json"]):
        result = shoal_says("replay", run, *words)
        assert result.exit_code == 3, result.output
        assert "\x1b" not in result.stdout
        assert key not in result.stdout
    assert json.loads(result.stdout)["same"] is False


def test_what_agents_print_is_not_in_the_json(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRINTS", "aloud")
    result = shoal_says("replay", run, "--json")
    assert json.loads(result.stdout)["same"] is True
    assert "aloud" in result.stderr
    assert "aloud" in shoal_says("replay", run).stdout
