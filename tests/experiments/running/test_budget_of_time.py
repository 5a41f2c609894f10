"""A run's budget of time holds for teams without a model, too; and the program that goes on may raise budgets."""

from __future__ import annotations

import asyncio
from pathlib import Path

from shoal.experiments.file.spec import Experiment
from shoal.experiments.result import State
from shoal.experiments.running.launching import resume, run
from shoal.experiments.running.outcome import Ending
from shoal.experiments.workload.spec import WorkloadSpec
from tests.experiments.running.experiments import loaded_experiment, results_in, with_model

SLEEP_S = 0.05


async def sleeper(text: str) -> str:
    await asyncio.sleep(SLEEP_S)
    return text


def sleepers(count: int, wall: float) -> Experiment:
    """One agent that sleeps, asked ``count`` times, one after the other."""
    cases = [{"id": f"t{number}", "text": "x"} for number in range(count)]
    return Experiment.model_validate(
        {
            "name": "slow",
            "workload": WorkloadSpec.model_validate({"tasks": cases}),
            "team": sleeper,
            "concurrency": 1,
            "budget": {"wall": wall},
        }
    )


async def test_no_task_is_begun_after_the_time_of_the_run_also_without_a_model(tmp_path: Path) -> None:
    outcome = await run(sleepers(40, 10 * SLEEP_S), name="r", root=tmp_path, address="local")
    assert (outcome.ending, outcome.short) == (Ending.OUT_OF_BUDGET, "wall")
    done, left = outcome.summary.states["done"], outcome.summary.states["not_started"]
    assert (1 <= done <= 11, done + left) == (True, 40)
    texts = {each.error_text for each in results_in(outcome.path) if each.state is State.NOT_STARTED}
    assert texts == {"the run's budget was used up before it was begun"}


async def test_more_time_lets_a_run_go_on(tmp_path: Path) -> None:
    first = await run(sleepers(20, 3 * SLEEP_S), name="r", root=tmp_path, address="local")
    used_up = await run(sleepers(20, 3 * SLEEP_S), name="r", root=tmp_path, address="local", resume=True)
    assert used_up.summary.states["done"] == first.summary.states["done"]
    last = await run(sleepers(20, 60.0), name="r", root=tmp_path, address="local", resume=True)
    assert (last.ending, last.summary.states["done"]) == (Ending.COMPLETE, 20)


async def test_a_larger_budget_of_a_team_counts_when_the_same_program_goes_on(tmp_path: Path) -> None:
    budget = {"teams": {"team": {"calls": 5}}}
    member = {"llm": {"instructions": "Label it.", "model": "default"}}
    team = {"topology": "pipeline", "stages": {"first": member, "second": member}}
    fields = with_model(budget=budget, concurrency=1, team=team)
    texts = [f"charged t{number}" for number in range(4)]
    outcome = await run(loaded_experiment(tmp_path, texts, **fields), name="r")
    assert outcome.summary.states["failed"] > 0
    more = ["budget.teams.team.calls=50"]
    last = await resume("r", root=tmp_path / "runs", overrides=more, retry_failed=True)
    assert last.summary.states["done"] == 4
