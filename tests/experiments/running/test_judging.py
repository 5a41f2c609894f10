"""Answers are judged side by side, in a run and at its end; a stop leaves the rest to the next who goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoal.experiments.running.finishing import finish_complete
from shoal.experiments.running.launching import run
from shoal.experiments.running.outcome import Ending
from shoal.experiments.running.planning import plan_resume, plan_run
from shoal.experiments.running.progress import Progress
from shoal.experiments.running.runner import Runner
from shoal.experiments.running.stop import Stop
from tests.contract.waiting import eventually
from tests.experiments.running import judges
from tests.experiments.running.experiments import loaded_experiment, results_in

pytestmark = pytest.mark.asyncio
JUDGES = "tests.experiments.running.judges"
TEXTS = ["charged", "hello", "charged too"]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    judges.begun.clear()
    judges.let_go.clear()
    yield
    judges.let_go.set()  # no thread stays behind


class StopsOnceJudging:
    """A display that asks for the end once two answers are being judged."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    async def follow(self, progress: Progress) -> None:
        await eventually(_two)
        self._stop.ask("test")
        await asyncio.Event().wait()


async def _two() -> bool:
    return len(judges.begun) >= 2


async def test_what_another_scorer_judged_is_judged_again_side_by_side(tmp_path: Path) -> None:
    outcome = await run(loaded_experiment(tmp_path, TEXTS), name="r")
    together = f"score.use={{function: '{JUDGES}:together', timeout_s: 20}}"
    found = await finish_complete(plan_resume(outcome.path, overrides=[together]))
    assert found is not None
    assert (found.complete, found.summary.score, found.summary.scorer_failed) == (True, 0.5, 0)


@pytest.mark.parametrize(("judge", "most"), [("only_the_first", 2), ("only_the_first_waiting", 3)])
async def test_a_stop_leaves_answers_unjudged_and_whoever_goes_on_judges_them(
    tmp_path: Path, judge: str, most: int
) -> None:
    stop = Stop()
    loaded = loaded_experiment(tmp_path, TEXTS, score={"use": f"{JUDGES}:{judge}"})
    async with asyncio.timeout(30):
        outcome = await Runner(plan_run(loaded, run="r"), stop=stop, display=StopsOnceJudging(stop)).run()
    assert (outcome.ending, outcome.complete, outcome.summary.unjudged) == (Ending.STOPPED, False, 2)
    assert sorted(str(one.score) for one in results_in(outcome.path)) == ["0.5", "None", "None"]
    assert len(judges.begun) == most  # those that waited for their turn were not begun by the stop
    judges.let_go.set()
    found = await finish_complete(plan_resume(outcome.path))
    assert found is not None
    assert (found.ending, found.summary.score, found.summary.scored) == (Ending.COMPLETE, 0.5, 3)
    assert len(judges.begun) == most + 2


async def test_a_stop_ends_judging_after_a_run_as_well(tmp_path: Path) -> None:
    outcome = await run(loaded_experiment(tmp_path, TEXTS), name="r")
    stop = Stop()
    plan = plan_resume(outcome.path, overrides=[f"score.use={JUDGES}:only_the_first"])
    async with asyncio.timeout(30):
        found = await finish_complete(plan, stop=stop, display=StopsOnceJudging(stop))
    assert found is not None
    assert (found.ending, found.complete, found.summary.unjudged) == (Ending.STOPPED, False, 2)


async def test_answers_that_are_judged_in_no_time_have_their_scores_after_a_stop(tmp_path: Path) -> None:
    stop = Stop()
    outcome = await run(loaded_experiment(tmp_path, TEXTS), name="r")
    stop.ask("test")
    plan = plan_resume(outcome.path, overrides=["score={contains: {field: label}}"])
    found = await finish_complete(plan, stop=stop)
    assert found is not None
    assert (found.complete, found.summary.scored) == (True, 3)
