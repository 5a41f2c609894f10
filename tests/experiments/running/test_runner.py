"""Runs in this process: every task is in the results once, in the workload's order, in the state it came to."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

import shoal
from shoal.experiments.file.loaded import loaded_from
from shoal.experiments.file.spec import Experiment
from shoal.experiments.finished import ExperimentRun
from shoal.experiments.result import State
from shoal.experiments.running.launching import resume, run
from shoal.experiments.running.outcome import Ending
from shoal.experiments.running.planning import plan_run
from shoal.experiments.running.progress import Progress
from shoal.experiments.running.runner import Runner
from shoal.experiments.running.stop import Stop
from shoal.runtime.durable.errors import StoreError
from shoal.runtime.journal.errors import RunExists, RunNotResumable
from shoal.runtime.journal.reader import INTERRUPTED, open_run
from tests.contract.waiting import eventually
from tests.experiments.running.crew import ASKED, Keyword
from tests.experiments.running.experiments import HERE, loaded_experiment, results_in, states_in, with_model

pytestmark = pytest.mark.asyncio


class StopsAfter:
    """A display that asks for the end once so many tasks have ended and others are under way."""

    def __init__(self, stop: Stop, ended: int) -> None:
        self._stop = stop
        self._ended = ended
        self.last: Progress | None = None

    async def follow(self, progress: Progress) -> None:
        self.last = progress
        await eventually(lambda: _reached(progress, self._ended))
        self._stop.ask("test")
        await asyncio.Event().wait()


async def _reached(progress: Progress, ended: int) -> bool:
    return progress.shown(0.0).ended >= ended


async def test_every_task_is_in_the_results_in_order_with_its_state_output_score_and_path(
    tmp_path: Path,
) -> None:
    texts = ["charged", "boom", "hello", "some of it", "charged too"]
    outcome = await run(loaded_experiment(tmp_path, texts), name="r")
    assert (outcome.ending, outcome.complete, outcome.path) == (
        Ending.COMPLETE,
        True,
        tmp_path / "runs" / "r",
    )
    results = results_in(outcome.path)
    assert [result.task for result in results] == ["t0", "t1", "t2", "t3", "t4"]
    states = [State.DONE, State.FAILED, State.DONE, State.PARTIAL, State.DONE]
    assert [result.state for result in results] == states
    assert [result.score for result in results] == [1.0, 0.0, 1.0, 1.0, 1.0]
    first, failed = results[:2]
    assert first.output == {"label": "billing", "partial": False}
    assert (first.output_type, first.expected, first.attempts) == (f"{HERE}:Labelled", "billing", 1)
    assert (first.path, first.messages) == (("team",), 1)
    assert (failed.error, failed.output) == ("ValueError", None)
    assert "no label for boom" in failed.error_text
    summary = outcome.summary
    assert summary.states == {"done": 3, "partial": 1, "failed": 1, "not_started": 0}
    assert (summary.score, summary.scored, summary.sessions, summary.messages) == (0.8, 5, 1, 5)
    with ExperimentRun(outcome.path) as seen:
        assert seen.summary == json.loads(summary.model_dump_json())
        assert seen.team["pattern"] == "single"
        assert seen.environment["sessions"][0]["packages"]["pydantic"]
        assert (tmp_path / "experiment.yaml").read_text() == (outcome.path / "experiment.yaml").read_text()
        assert [task.task for task in seen.tasks()] == ["t0", "t1", "t2", "t3", "t4"]


async def test_an_answer_whose_scorer_fails_has_no_score_and_says_why(tmp_path: Path) -> None:
    loaded = loaded_experiment(tmp_path, ["charged", "hello"], score={"use": f"{HERE}:judge"})
    outcome = await run(loaded, name="r")
    judged, fine = results_in(outcome.path)
    assert (judged.state, judged.score, judged.error) == (State.DONE, None, "ScorerFailed")
    assert "no opinion" in judged.error_text
    assert (fine.score, outcome.summary.score, outcome.summary.scored) == (1.0, 1.0, 1)


async def test_what_the_budget_kept_from_being_begun_is_done_when_it_is_resumed_with_a_larger_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    monkeypatch.setenv(ASKED, str(asked))
    texts = [f"charged t{number}" for number in range(60)]
    loaded = loaded_experiment(tmp_path, texts, **with_model(budget={"calls": 20}, concurrency=8))
    outcome = await run(loaded, name="r")
    assert (outcome.ending, outcome.complete, outcome.short) == (Ending.OUT_OF_BUDGET, False, "calls")
    assert outcome.summary.states == {"done": 20, "partial": 0, "failed": 0, "not_started": 40}
    left = [result for result in results_in(outcome.path) if result.state is State.NOT_STARTED]
    assert len(left) == 40
    assert {result.error for result in left} == {"BudgetExceeded"}
    assert {result.calls for result in left} == {0}
    with open_run("r", root=tmp_path / "runs") as reader:
        assert reader.summary().status == INTERRUPTED
    again = await resume("r", root=tmp_path / "runs", overrides=["budget.calls=30"])
    assert again.summary.states["done"] == 30
    last = await resume("r", root=tmp_path / "runs", overrides=["budget.calls=600"])
    assert (last.ending, last.summary.states["done"], last.summary.calls) == (Ending.COMPLETE, 60, 60)
    assert last.summary.sessions == 3
    lines = asked.read_text().split()
    assert (len(lines), len(set(lines))) == (60, 60)
    assert sum(result.calls for result in results_in(last.path)) == 60
    assert round(sum(result.usd for result in results_in(last.path)), 9) == last.summary.usd > 0


async def test_a_task_that_the_budget_cut_off_in_the_middle_goes_on_with_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    monkeypatch.setenv(ASKED, str(asked))
    member = {"llm": {"instructions": "Label it.", "model": "default"}}
    team = {"topology": "pipeline", "stages": {"first": member, "second": member}}
    fields = with_model(budget={"calls": 5}, concurrency=1, team=team)
    loaded = loaded_experiment(tmp_path, [f"charged t{number}" for number in range(4)], **fields)
    outcome = await run(loaded, name="r")
    cut = results_in(outcome.path)[2]
    assert (cut.state, cut.error, cut.calls, cut.ended_at) == (State.FAILED, "BudgetExceeded", 1, None)
    assert states_in(outcome.path) == {"t0": "done", "t1": "done", "t2": "failed", "t3": "not_started"}
    last = await resume("r", root=tmp_path / "runs", overrides=["budget.calls=50"])
    assert set(states_in(last.path).values()) == {"done"}
    assert last.summary.calls == 8
    assert len(asked.read_text().split()) == 8


async def test_a_run_that_is_stopped_leaves_what_is_under_way_open_and_goes_on_later(tmp_path: Path) -> None:
    texts = [*(f"charged {number}" for number in range(20)), "stay", "stay", *["hello"] * 8]
    stop = Stop()
    display = StopsAfter(stop, 20)
    loaded = loaded_experiment(tmp_path, texts, concurrency=2)
    outcome = await run(loaded, name="r", stop=stop, display=display)
    assert (outcome.ending, outcome.complete) == (Ending.STOPPED, False)
    results = results_in(outcome.path)
    assert len(results) == 30
    assert [result.state for result in results].count(State.DONE) == 20
    assert {result.attempts for result in results[20:22]} == {1}
    assert {result.state for result in results[20:]} == {State.NOT_STARTED}
    assert {result.error_text for result in results[22:]} == {"the run was stopped before it was begun"}
    with open_run("r", root=tmp_path / "runs") as reader:
        assert reader.summary().status == INTERRUPTED
    again = await resume("r", root=tmp_path / "runs", overrides=["timeout_s=0.2"])
    assert again.summary.states == {"done": 28, "partial": 0, "failed": 2, "not_started": 0}
    assert {result.error for result in results_in(again.path)} == {"", "AskTimeout"}


async def test_failed_tasks_are_done_again_where_that_is_asked_for(tmp_path: Path) -> None:
    loaded = loaded_experiment(tmp_path, ["charged", "boom"])
    await run(loaded, name="r")
    again = await resume("r", root=tmp_path / "runs", retry_failed=True)
    assert [result.attempts for result in results_in(again.path)] == [1, 2]
    assert states_in(again.path) == {"t0": "done", "t1": "failed"}


async def test_a_changed_or_missing_workload_file_does_not_matter_to_a_resume(tmp_path: Path) -> None:
    stop = Stop()
    texts = [*["charged"] * 4, "stay", "hello"]
    loaded = loaded_experiment(tmp_path, texts, concurrency=1)
    await run(loaded, name="r", stop=stop, display=StopsAfter(stop, 4))
    for name in ("tickets.jsonl", "experiment.yaml"):
        (tmp_path / name).unlink()
    again = await resume("r", root=tmp_path / "runs", overrides=["timeout_s=0.1"])
    assert [result.task for result in results_in(again.path)] == [f"t{number}" for number in range(6)]
    assert again.summary.states["done"] == 5


async def test_a_run_whose_code_has_gone_says_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    loaded = loaded_experiment(folder, ["charged"], output={"runs": str(tmp_path / "runs")})
    await run(loaded, name="r")
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(RunNotResumable, match=r"needs the code in .*mine, which is not there"):
        await resume("r", root=tmp_path / "runs")


async def test_a_name_that_is_taken_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    loaded = loaded_experiment(tmp_path, ["charged"])
    first = await run(loaded, name="r")
    before = sorted((path, path.stat().st_mtime_ns) for path in first.path.iterdir())
    with pytest.raises(RunExists, match="shoal resume r"):
        await run(loaded, name="r")
    assert before == sorted((path, path.stat().st_mtime_ns) for path in first.path.iterdir())


async def test_a_root_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    loaded = loaded_experiment(tmp_path, ["charged"])
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(shoal.errors.ShoalError, match="runs"):
        await run(loaded, name="r")


async def test_results_that_cannot_be_written_end_the_run_and_a_resume_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shoal.experiments.running import files

    loaded = loaded_experiment(tmp_path, ["charged"] * 5)
    with monkeypatch.context() as patch:
        patch.setattr(files.Lines, "add", _full)
        with pytest.raises(StoreError, match="no room"):
            await run(loaded, name="r")
    again = await resume("r", root=tmp_path / "runs")
    assert (again.summary.states["done"], again.complete) == (5, True)


def _full(self: object, model: object) -> None:
    raise StoreError("no room for results.jsonl", path="results.jsonl")


async def test_an_experiment_of_a_program_may_have_agents_and_cases_as_objects(tmp_path: Path) -> None:
    experiment = Experiment(
        name="mine",
        workload={"tasks": [{"text": "charged"}, {"text": "hello"}]},
        team=shoal.single(Keyword()),
    )
    outcome = await run(experiment, root=tmp_path, address="local")
    assert outcome.run.startswith("mine-")
    assert outcome.summary.states["done"] == 2
    assert outcome.summary.score is None
    again = await run(experiment, name=outcome.run, root=tmp_path, address="local", resume=True)
    assert (again.complete, again.summary.attempts) == (True, 2)


async def test_the_program_of_a_run_goes_on_with_it_when_it_is_started_by_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = Experiment(name="mine", workload={"tasks": [{"text": "charged"}]}, team=Keyword())
    first = await run(experiment, root=tmp_path, address="local")
    monkeypatch.setenv("SHOAL_RESUME", str(first.path))
    again = await run(experiment, root=tmp_path, address="local")
    assert (again.run, again.summary.attempts) == (first.run, 1)


async def test_the_log_goes_into_the_runs_directory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = await run(loaded_experiment(tmp_path, ["boom"]), name="r")
    assert (outcome.path / "logs" / "run.log").exists()
    assert capsys.readouterr().err == ""


async def test_repeats_are_tasks_of_their_own(tmp_path: Path) -> None:
    outcome = await run(loaded_experiment(tmp_path, ["charged", "hello"], repeats=2), name="r")
    assert list(states_in(outcome.path)) == ["t0", "t1", "t0#2", "t1#2"]


async def test_progress_counts_every_task_and_says_what_was_there_before(tmp_path: Path) -> None:
    loaded = loaded_experiment(tmp_path, ["charged", "boom", "stay"], concurrency=1)
    stop = Stop()
    display = StopsAfter(stop, 2)
    await run(loaded, name="r", stop=stop, display=display)
    assert display.last is not None
    shown = display.last.shown(0.0)
    assert (shown.ended, shown.states[State.FAILED], shown.recorded, shown.total) == (2, 1, 0, 3)


async def test_nothing_is_written_for_a_plan_that_cannot_be_made(tmp_path: Path) -> None:
    loaded = loaded_experiment(tmp_path, ["charged"], team={"use": f"{HERE}:Nobody"})
    with pytest.raises(shoal.errors.ConfigError, match="Nobody"):
        plan_run(loaded, run="r")
    assert not (tmp_path / "runs").exists()


async def test_a_runner_is_told_to_stop_before_it_begins(tmp_path: Path) -> None:
    stop = Stop()
    stop.ask("test")
    plan = plan_run(loaded_from(loaded_experiment(tmp_path, ["stay"]).experiment, tmp_path), run="r")
    outcome = await Runner(plan, stop=stop).run()
    assert (outcome.ending, states_in(outcome.path)) == (Ending.STOPPED, {"t0": "not_started"})
