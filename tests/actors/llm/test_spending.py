"""What model calls took, read back from a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import shoal
from shoal.actors.llm import LLMAgent
from shoal.actors.llm.spending import By, calls_of, spent_by, total_of
from shoal.cli import app
from shoal.errors import HandlerError, ModelRefused
from shoal.models.chat import Usage
from shoal.models.scripted import Reply, ScriptedModel
from shoal.models.spec import Model, Price
from shoal.runtime.journal.run_directory import RunDirectory

USAGE = Usage(input_tokens=1000, output_tokens=100)


class Priced(ScriptedModel):
    """A scripted model with a price."""

    spec = Model(model="scripted", provider="scripted", price=Price(input=1.0, output=10.0))


def labeller(name: str) -> LLMAgent:
    return LLMAgent(Priced(lambda _: Reply("ok", usage=USAGE)), name=name)


async def spend(runs: Path) -> Path:
    async with shoal.start("local", run="r", runs_root=runs) as system:
        team = await system.build(shoal.worker({"a": labeller("a"), "b": labeller("b")}), name="desk")
        async for result in system.run.tasks(team, {f"t{n}": f"hello {n}" for n in range(4)}):
            assert result.value == "ok"
        refusing = await system.spawn(
            LLMAgent(Priced(lambda _: ModelRefused("no", usage=USAGE.model_dump()))), name="refusing"
        )
        with pytest.raises(HandlerError) as caught:
            await refusing.ask("x", task="t9")
        assert isinstance(caught.value.cause, ModelRefused)
    return runs / "r"


async def test_every_call_is_accounted_to_agent_task_model_edge_step_and_team(tmp_path: Path) -> None:
    directory = await spend(tmp_path)
    calls = list(calls_of(directory))
    total = total_of(calls)
    assert (total.calls, total.failed) == (5, 1)
    assert (total.usage.input_tokens, total.usage.output_tokens) == (5000, 500)
    assert total.usd == pytest.approx(5 * 0.002)
    by_agent = spent_by(calls, By.AGENT)
    assert {name: spent.calls for name, spent in by_agent.items()} == {
        "desk/a": 2, "desk/b": 2, "refusing": 1,
    }  # fmt: skip
    assert set(spent_by(calls, By.TASK)) == {"t0", "t1", "t2", "t3", "t9"}
    assert set(spent_by(calls, By.TEAM)) == {"desk", "(none)"}
    assert set(spent_by(calls, By.EDGE)) == {"desk → desk/a", "desk → desk/b", "local → refusing"}
    for by in By:
        sums = spent_by(calls, by).values()
        assert sum(spent.usage.total_tokens for spent in sums) == total.usage.total_tokens
        assert sum(spent.usd for spent in sums) == pytest.approx(total.usd)


async def test_the_command_prints_a_table_or_json(tmp_path: Path) -> None:
    await spend(tmp_path)
    table = CliRunner().invoke(app, ["cost", "r", "--root", str(tmp_path)])
    assert table.exit_code == 0, table.output
    assert "desk/a" in table.output
    assert "5,000" in table.output
    lines = CliRunner().invoke(app, ["cost", "r", "--root", str(tmp_path), "--by", "task", "--json"])
    rows = [json.loads(line) for line in lines.stdout.splitlines()]
    assert sum(row["usage"]["input_tokens"] for row in rows) == 5000


def test_a_run_without_calls_or_no_run_is_one_line(tmp_path: Path) -> None:
    RunDirectory.create("idle", root=tmp_path, now=1.0).close()
    for run, said in (
        ("nothing", "there is no run 'nothing'"),
        ("idle", "has no recorded model calls"),
        (str(tmp_path), "is no run"),
        (f"{tmp_path}/nothing", "nothing does not exist"),
    ):
        done = CliRunner().invoke(app, ["cost", run, "--root", str(tmp_path)])
        assert done.exit_code == 1
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


async def test_a_team_has_a_budget_of_its_own(tmp_path: Path) -> None:
    limits = {"teams": {"desk": {"calls": 2}}}
    async with shoal.start("local", run_dir=tmp_path, limits=limits) as system:
        inner = shoal.worker([labeller("a"), labeller("b")])
        team = await system.build(shoal.worker({"inner": inner}), name="desk")
        assert [await team.ask("1"), await team.ask("2")] == ["ok", "ok"]
        with pytest.raises(HandlerError, match="team/desk"):
            await team.ask("3")
        outside = await system.spawn(labeller("c"))
        assert await outside.ask("4") == "ok"


async def test_the_tightest_of_nested_budgets_counts(tmp_path: Path) -> None:
    limits = {"teams": {"desk": {"calls": 10}, "desk/inner": {"calls": 1}}}
    async with shoal.start("local", run_dir=tmp_path, limits=limits, budget={"calls": 5}) as system:
        inner = shoal.worker([labeller("a")])
        team = await system.build(shoal.worker({"inner": inner}), name="desk")
        assert await team.ask("1") == "ok"
        with pytest.raises(HandlerError, match="team/desk/inner"):
            await team.ask("2")
