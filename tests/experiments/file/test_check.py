"""What ``shoal check`` says of a file that can be run."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from shoal.experiments.comparing.baseline import with_baseline
from shoal.experiments.errors import BadExperiment
from shoal.experiments.file.checking import check_experiment
from shoal.experiments.file.estimate import estimate
from shoal.experiments.file.keys import require_keys
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
UNPRICED = "models: {default: {model: nobody-knows-it, base_url: 'http://models.example/v1'}}\n"


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
    assert "price not known" in checked(folder, LLM + UNPRICED)


@pytest.mark.parametrize(
    ("budget", "field"),
    [
        ("usd: 1", "usd"),
        ("per_task: {usd: 0.1}", "per_task.usd"),
        ("per_agent: {usd: 0.1}", "per_agent.usd"),
        ("teams: {team: {usd: 0.1}}", "teams.team.usd"),
        ("agents: {team/c: {usd: 0.1}}", "agents.team/c.usd"),
    ],
)
def test_a_price_has_to_be_known_where_any_budget_limits_dollars(
    folder: Path, budget: str, field: str
) -> None:
    (folder / "e.yaml").write_text(f"{LLM}{UNPRICED}budget: {{{budget}}}\n", encoding="utf-8")
    with pytest.raises(BadExperiment) as caught:
        check_experiment(load("e.yaml"))
    assert f"the price of nobody-knows-it is not known, and budget.{field} limits" in str(caught.value)


@pytest.mark.parametrize("own", ["budget: {usd: 1}", "per_task: {usd: 1}"])
def test_a_price_has_to_be_known_where_an_agents_own_budget_limits_dollars(folder: Path, own: str) -> None:
    text = LLM.replace("votes: 3", f"votes: 3, {own}") + UNPRICED
    (folder / "e.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadExperiment) as caught:
        check_experiment(load("e.yaml"))
    said = "models.default: the price of nobody-knows-it is not known, and the budget of team/b limits"
    assert said in str(caught.value)


def test_a_key_that_is_not_set_is_said_and_is_no_problem(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    model = "models: {default: {model: gpt-4o-mini, api_key_env: SOME_KEY}}\n"
    assert "SOME_KEY is not set here" in checked(folder, LLM + model)


def test_names_that_are_no_agents_are_said(folder: Path) -> None:
    said = checked(
        folder, BASE + "cluster: {roles: {first: {cpus: 1}, 'team/s*': {cpus: 1}, fourth: {cpus: 1}}}\n"
    )
    warned = [line.partition(":")[0] for line in said.splitlines() if "there are team," in line]
    assert warned == ["cluster.roles.fourth"]


def test_a_budget_of_what_an_agent_may_start_is_said_and_is_no_problem(folder: Path) -> None:
    agents = ["team", "team/first", "team/first/child", "team/second"]
    budget = ", ".join(f"{one}: {{usd: 1}}" for one in agents)
    said = checked(folder, BASE + f"budget: {{agents: {{{budget}}}}}\n")
    warned = [line.partition(":")[0] for line in said.splitlines() if line.startswith("budget.")]
    assert warned == ["budget.agents.team/first/child"]


def test_an_address_that_one_of_several_teams_has_is_known(folder: Path) -> None:
    text = "name: x\nworkload: {tasks: tickets.jsonl, input: text, answer: label}\n"
    two = "two: {topology: worker, router: round_robin, workers: {a: agents:Keyword}}"
    text += f"teams: {{one: agents:Keyword, {two}}}\nbudget: {{agents: {{team/a: {{usd: 1}}}}}}\n"
    assert "there are" not in checked(folder, text)
    (folder / "e.yaml").write_text(text.replace("team/a", "team/workers/a"), encoding="utf-8")
    with pytest.raises(BadExperiment, match=r"e.yaml:4: .*did you mean 'team/a'"):
        check_experiment(load("e.yaml"))


def test_what_commands_the_terminal_is_shown_escaped(folder: Path) -> None:
    said = checked(folder, BASE + 'description: "\\e[31mred\\nand"\n')
    assert "\x1b" not in said
    assert "\\x1b[31mred and" in said


def test_a_character_that_is_written_in_halves_is_one(folder: Path) -> None:
    assert "\U0001f600 fun" in checked(folder, BASE + 'description: "\\ud83d\\ude00 fun"\n')


def test_a_small_price_is_not_nothing(folder: Path) -> None:
    said = checked(folder, LLM + MODEL.replace("{input: 1, output: 2}", "{input: 0.01, output: 0.01}"))
    assert "US dollars, about" in said
    assert "< 0.01" in said
    assert "up to" not in said


def test_a_name_that_a_comparison_gave_its_baseline_is_no_problem(folder: Path) -> None:
    text = "name: x\nworkload: {tasks: tickets.jsonl, input: text, answer: label}\n"
    (folder / "e.yaml").write_text(text + "teams: {single: agents:Keyword}\nbaseline: agents:Keyword\n")
    more, name = with_baseline(loaded := load("e.yaml"), loaded.experiment.baseline)
    assert name == "baseline"
    assert set(check_experiment(more).teams) == {"single", "baseline"}


def keys_of(folder: Path, text: str, address: str | None, environ: dict[str, str]) -> list[str]:
    (folder / "e.yaml").write_text(LLM + text, encoding="utf-8")
    found = check_experiment(load("e.yaml"))
    try:
        require_keys(found.loaded, found.teams["team"], address, environ)
    except BadExperiment as exc:
        return list(exc.details["problems"])
    return []


def test_a_run_in_this_process_needs_the_keys_of_the_models_it_asks(folder: Path) -> None:
    asked, other = (
        "default: {model: gpt-4o-mini, api_key_env: A_KEY}",
        "other: {model: x, api_key_env: B_KEY}",
    )
    models = f"models:\n  {asked}\n  {other}\n  here: {{model: x, base_url: 'http://127.0.0.1:1/v1'}}\n"
    said = "e.yaml:12: models.default: the environment variable A_KEY is not set (export it, or name another variable"
    assert keys_of(folder, models, "local", {}) == [f"{said} in api_key_env)"]
    assert keys_of(folder, models, "local", {"A_KEY": " "}) == [f"{said} in api_key_env)"]
    assert keys_of(folder, models, "local", {"A_KEY": "k"}) == []
    assert keys_of(folder, models, None, {}) == []
    assert keys_of(folder, models, "auto", {}) == []
    assert keys_of(folder, models, "local", {"OPENAI_BASE_URL": "http://localhost:1/v1"}) == []
