"""What ``shoal check`` says of a file that can be run."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from shoal.experiments.file.checking import check_experiment
from shoal.experiments.file.estimate import estimate
from shoal.experiments.file.loading import load
from shoal.models.prices import PriceTable
from tests.experiments.file.conftest import BASE
from tests.experiments.file.test_broken_files import APP

MODEL = "models: {default: {model: small, price: {input: 1, output: 2}, max_output_tokens: 100}}\n"
LLM = """\
name: triage
workload: {tasks: tickets.jsonl, input: text, answer: label}
repeats: 5
team:
  topology: fan_out
  by: {majority: {field: label}}
  members:
    a: {llm: {instructions: Label the ticket., input: agents:Ticket, output: agents:Label}}
    b: {llm: {instructions: Label the ticket., input: agents:Ticket, output: agents:Label, votes: 3, max_steps: 4}}
    c: {use: agents:Keyword}
"""


def checked(folder: Path, text: str) -> str:
    (folder / "e.yaml").write_text(text, encoding="utf-8")
    ended = CliRunner().invoke(APP, ["check", "e.yaml"])
    assert ended.exit_code == 0, ended.output
    return ended.output


def test_a_file_that_can_be_run_is_shown_and_ok(folder: Path) -> None:
    said = checked(
        folder, BASE + "description: tickets\nbudget: {usd: 2, tokens: 4k, per_task: {calls: 9}}\n"
    )
    assert said.splitlines()[0] == "experiment  triage: tickets"
    for part in (
        "2 cases, 2 with expected answers",
        "score       exact",
        "4,000 tokens, 2.00 US dollars",
        "9 calls",
    ):
        assert part in said
    assert "first: Keyword" in said
    assert "Nobody asks a model" in said
    assert said.splitlines()[-1] == "ok"
    assert not (folder / ".shoal").exists()


def test_several_teams_are_each_checked(folder: Path) -> None:
    text = BASE.replace("team:\n", "teams:\n  one: agents:Keyword\n  two:\n").replace(
        "\n  topology", "\n    topology"
    )
    text = (
        text.replace("\n  by", "\n    by")
        .replace("\n  members", "\n    members")
        .replace("\n    f", "\n      f")
    )
    said = checked(folder, text.replace("\n    second", "\n      second") + "baseline: agents:Keyword\n")
    assert [line for line in said.splitlines() if line in ("one", "two", "baseline")] == [
        "one",
        "two",
        "baseline",
    ]


def test_calls_tokens_and_cost_are_estimated(folder: Path) -> None:
    said = checked(folder, LLM + MODEL)
    (row,) = [line.split() for line in said.splitlines() if line.startswith("team ") and "calls" not in line][
        -1:
    ]
    name, calls, most, total = row[:4]
    assert (name, calls, total) == ("team", "4", "40")
    assert int(most) == 10 + 3 * 4
    assert "An estimate" in said


def test_an_estimate_has_each_agent_with_its_calls(folder: Path) -> None:
    (folder / "e.yaml").write_text(LLM + MODEL, encoding="utf-8")
    found = check_experiment(load("e.yaml"))
    one = estimate(found.teams["team"], "team", found.tasks, found.loaded.experiment.models, PriceTable())
    assert [(agent.address, agent.calls) for agent in one.agents] == [("team/a", 1), ("team/b", 3)]
    assert all(agent.output_tokens == 100 * agent.calls for agent in one.agents)
    assert one.usd == pytest.approx((sum(a.input_tokens for a in one.agents) + 2 * 400) / 1e6, rel=0.01)


def test_a_price_that_is_not_known_is_said(folder: Path) -> None:
    model = "models: {default: {model: nobody-knows-it, base_url: 'http://models.example/v1'}}\n"
    assert "price not known" in checked(folder, LLM + model)


def test_a_key_that_is_not_set_is_said_and_is_no_problem(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    model = "models: {default: {model: gpt-4o-mini, api_key_env: SOME_KEY}}\n"
    assert "SOME_KEY is not set here" in checked(folder, LLM + model)


def test_names_that_are_no_agents_are_said(folder: Path) -> None:
    said = checked(
        folder,
        BASE
        + "budget: {agents: {team/first: {usd: 1}, team/third: {usd: 1}}, teams: {team: {usd: 1}, other: {usd: 1}}}\n"
        + "cluster: {roles: {first: {cpus: 1}, 'team/s*': {cpus: 1}, fourth: {cpus: 1}}}\n",
    )
    warned = [line.partition(":")[0] for line in said.splitlines() if "there are team," in line]
    assert warned == ["budget.agents.team/third", "budget.teams.other", "cluster.roles.fourth"]
