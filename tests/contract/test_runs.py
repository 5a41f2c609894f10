"""Runs on both hosts: what is recorded is not done again, and nothing is handed over that is not recorded."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

import shoal
from shoal.runtime.durable import StoreBroken, StoreFull
from shoal.runtime.errors import (
    AgentDied,
    AgentNotFound,
    ConfigError,
    HandlerError,
    ShoalError,
    SystemClosed,
)
from shoal.runtime.journal import RunExists, RunInUse, TaskConflict, open_run
from shoal.runtime.journal.happenings import TASK_LEFT_OPEN
from shoal.runtime.journal.journal import Journal
from shoal.runtime.journal.records import TaskEnded
from shoal.runtime.recorder import NAME as RECORDER
from shoal.runtime.recording import Recording
from shoal.runtime.tasks import TaskResult, task_message_id
from tests.contract.laborers import Hold, Job, Laborer, Purse, Square, marks
from tests.contract.settings import SETTINGS
from tests.contract.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")
Begin = Callable[..., AbstractAsyncContextManager[shoal.System]]


def _begin(kind: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    @contextlib.asynccontextmanager
    async def begin(run: Any = "r", *, resume: bool = False) -> AsyncIterator[shoal.System]:
        if resume:
            monkeypatch.setenv("SHOAL_RESUME", str(root / "r"))
        else:
            monkeypatch.delenv("SHOAL_RESUME", raising=False)
        async with shoal.start(
            None if kind == "ray" else "local", run=run, runs_root=root, spares=0, **SETTINGS
        ) as system:
            yield system

    return begin


@pytest.fixture(params=["local", pytest.param("ray", marks=pytest.mark.ray)])
def begin(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Starts systems with a run in the test's directory, on each host."""
    if request.param == "ray":
        request.getfixturevalue("ray_session")
    return _begin(request.param, tmp_path, monkeypatch)


@pytest.fixture
def begin_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """The same for the local host alone."""
    return _begin("local", tmp_path, monkeypatch)


@pytest.fixture
def log(tmp_path: Path) -> str:
    """Where executions are noted."""
    return str(tmp_path / "executions")


async def everything(results: AsyncIterator[TaskResult]) -> dict[str, TaskResult]:
    return {result.task: result async for result in results}


@pytest.mark.slow_on_ray
async def test_a_task_that_has_its_result_is_not_done_again_by_this_program_nor_by_the_next(
    begin: Begin, log: str
) -> None:
    async with begin() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        for _ in range(2):
            assert await system.run.task(laborer, Job(n=4, log=log), task="four") == Square(n=4, square=16)
        with pytest.raises(HandlerError, match="-1 is negative") as first:
            await system.run.task(laborer, Job(n=-1, log=log), task="minus one")
        assert not system.run.resumed
    async with begin(resume=True) as system:
        assert system.run.resumed
        assert await system.run.task("laborer", Job(n=4, log=log), task="four") == Square(n=4, square=16)
        with pytest.raises(HandlerError) as again:
            await system.run.task("laborer", Job(n=-1, log=log), task="minus one")
        assert again.value.text == first.value.text
        assert again.value.details["type"] == "ValueError"
    assert marks(log) == {"4": 1, "-1": 1}


async def test_many_tasks_come_as_they_end_and_a_resumed_run_does_only_the_rest(
    begin: Begin, log: str, tmp_path: Path
) -> None:
    jobs = {f"t{n}": Job(n=n - 5, log=log) for n in range(100)}
    async with begin() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        half = await everything(system.run.tasks(laborer, list(jobs.items())[:50], concurrency=16))
    async with begin(resume=True) as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        full = await everything(system.run.tasks(laborer, jobs, concurrency=16))
    assert {result.task for result in full.values() if result.error} == {f"t{n}" for n in range(5)}
    assert {result.task for result in full.values() if result.recorded} == set(half)
    assert all(full[f"t{n}"].unwrap().square == (n - 5) ** 2 for n in range(5, 100))
    assert marks(log) == {str(n - 5): 1 for n in range(100)}
    with open_run("r", root=tmp_path) as reader:
        summary = reader.summary()
        assert (summary.status, summary.counts["done"], summary.counts["failed"]) == ("finished", 95, 5)


async def test_a_failed_task_is_done_again_where_that_is_asked_for(begin_local: Begin, log: str) -> None:
    async with begin_local() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        for retry_failed in (False, True, True):
            with pytest.raises(HandlerError):
                await system.run.task(laborer, Job(n=-1, log=log), task="t", retry_failed=retry_failed)
        (result,) = (await everything(system.run.tasks(laborer, {"t": Job(n=-1, log=log)}))).values()
        assert (result.attempts, result.recorded) == (3, True)
    assert marks(log) == {"-1": 3}


async def test_an_error_may_leave_its_task_open_so_that_a_resumed_run_does_it_again_under_the_same_id(
    begin_local: Begin, log: str, tmp_path: Path
) -> None:
    def negative(error: ShoalError) -> bool:
        return "negative" in error.text

    async with begin_local() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        found = await everything(system.run.tasks(laborer, {"t": Job(n=-1, log=log)}, leave_open=negative))
        assert (found["t"].value, found["t"].recorded) == (None, False)
        with pytest.raises(HandlerError, match="negative"):
            found["t"].unwrap()
    with open_run("r", root=tmp_path) as reader:
        entry = reader.task("t")
        (event,) = reader.events(kind=TASK_LEFT_OPEN)
        assert entry is not None
        assert entry.open
        assert (event.task, event.data["error"]) == ("t", "HandlerError")
        assert "negative" in event.data["text"]
    async with begin_local(resume=True) as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        again = await everything(system.run.tasks(laborer, {"t": Job(n=-1, log=log)}))
        assert again["t"].attempts == 2
    with open_run("r", root=tmp_path) as reader:
        ended = reader.task("t")
        assert ended is not None
        assert (ended.state, ended.message_id) == ("failed", entry.message_id)
    assert marks(log) == {"-1": 2}


async def test_a_tasks_id_stands_for_one_message(begin_local: Begin, log: str) -> None:
    async with begin_local() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        await system.run.task(laborer, Job(n=1, log=log), task="t")
        with pytest.raises(TaskConflict, match="'t'"):
            await system.run.task(laborer, Job(n=2, log=log), task="t")
    assert marks(log) == {"1": 1}


@pytest.mark.slow_on_ray
async def test_a_task_travels_under_an_id_of_its_own_that_is_the_same_each_time(begin: Begin) -> None:
    async with begin() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        found = await system.run.task(laborer, "who am I", task="t")
        assert found == ["t", task_message_id("r", "t").hex()]


async def test_asking_for_the_same_task_twice_at_once_does_it_once(
    begin_local: Begin, log: str, tmp_path: Path
) -> None:
    async with begin_local() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        hold = Hold(log=log, release=str(tmp_path / "release"))
        asks = [asyncio.ensure_future(system.run.task(laborer, hold, task="t")) for _ in range(3)]
        await eventually(lambda: _any(marks(log)))
        with pytest.raises(TaskConflict, match="in progress"):
            await system.run.task(laborer, Hold(log=log, release="elsewhere"), task="t")
        asks[0].cancel()
        (tmp_path / "release").touch()
        assert await asyncio.gather(*asks[1:]) == ["laborer", "laborer"]
    assert marks(log) == {"laborer": 1}


async def _any(found: object) -> bool:
    return bool(found)


async def test_what_is_in_progress_when_the_system_ends_stays_open_and_is_finished_by_the_next(
    begin: Begin, log: str, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    hold = Hold(log=log, release=str(release))
    async with begin() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        asking = asyncio.ensure_future(system.run.task(laborer, hold, task="t"))
        await eventually(lambda: _any(marks(log)))
    with pytest.raises(SystemClosed, match="stays open"):
        await asking
    with open_run("r", root=tmp_path) as reader:
        assert reader.summary().status == "interrupted"
    release.touch()
    async with begin(resume=True) as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        (result,) = (await everything(system.run.tasks(laborer, {"t": hold}))).values()
        assert (result.value, result.attempts, result.recorded) == ("laborer", 2, False)


async def test_a_task_whose_agent_died_for_good_is_given_to_its_team_again(
    begin: Begin, log: str, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    async with begin() as system:
        team = await system.build(
            shoal.worker([Laborer(), Laborer()], router=shoal.RoundRobin()), name="team"
        )
        asking = asyncio.ensure_future(
            everything(system.run.tasks(team, {"t": Hold(log=log, release=str(release))}))
        )
        (first,) = await eventually(lambda: _marks_of(log))
        await system.stop(first, kill=True)
        (second,) = set(await eventually(lambda: _marks_of(log, 2))) - {first}
        release.touch()
        result = (await asking)["t"]
        assert (result.value, result.attempts) == (second, 2)


async def _marks_of(log: str, at_least: int = 1) -> list[str]:
    found = list(marks(log))
    return found if len(found) >= at_least else []


async def test_a_task_nobody_can_do_ends_with_what_is_known_of_its_first_attempt(
    begin_local: Begin, log: str, tmp_path: Path
) -> None:
    async with begin_local() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        hold = Hold(log=log, release=str(tmp_path / "never"))
        asking = asyncio.ensure_future(system.run.task(laborer, hold, task="t"))
        await eventually(lambda: _any(marks(log)))
        await system.stop(laborer, kill=True)
        with pytest.raises(AgentDied):
            await asking
        with pytest.raises(AgentNotFound):
            await system.run.task("nobody", 1, task="to nobody")


async def test_leaving_the_loop_early_leaves_the_rest_to_the_next_program(
    begin_local: Begin, log: str
) -> None:
    jobs = {f"t{n}": Job(n=n, log=log) for n in range(60)}
    async with begin_local() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        seen = {}
        results = system.run.tasks(laborer, jobs, concurrency=8)
        async for result in results:
            seen[result.task] = result.value
            if len(seen) == 20:
                break
        await results.aclose()
    before = marks(log)
    async with begin_local(resume=True) as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        full = await everything(system.run.tasks(laborer, jobs))
    assert {task: result.value for task, result in full.items()} == {
        task: Square(n=job.n, square=job.n**2) for task, job in jobs.items()
    }
    assert all(marks(log)[str(jobs[task].n)] == before[str(jobs[task].n)] for task in seen)


async def test_a_run_is_one_programs_at_a_time_and_its_name_is_taken(begin_local: Begin) -> None:
    async with begin_local():
        with pytest.raises(RunExists, match="shoal resume r"):
            await begin_local().__aenter__()
        with pytest.raises(RunInUse, match=str(os.getpid())):
            await begin_local(resume=True).__aenter__()
    async with begin_local(True, resume=True) as system:
        assert system.run.id == "r"


async def test_a_program_that_asks_for_another_run_than_is_resumed_is_refused(begin_local: Begin) -> None:
    async with begin_local():
        pass
    with pytest.raises(ConfigError, match=r"'r' is being resumed .* asks for run 'other'"):
        await begin_local("other", resume=True).__aenter__()


async def test_a_run_that_could_not_start_leaves_no_directory(
    begin_local: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(journal: Journal, batches: Any) -> Any:
        raise StoreBroken("the disk fails")

    monkeypatch.setattr(Journal, "append_all", broken)
    with pytest.raises(StoreBroken, match="the disk fails"):
        await begin_local().__aenter__()
    assert not (tmp_path / "r").exists()


async def test_a_system_without_a_run_says_how_to_get_one() -> None:
    async with shoal.start("local") as system:
        with pytest.raises(ConfigError, match="run=True"):
            _ = system.run


async def test_a_program_that_fails_leaves_its_run_as_one_to_go_on_with(
    begin_local: Begin, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError):
        async with begin_local():
            raise RuntimeError("no luck")
    with open_run("r", root=tmp_path) as reader:
        assert reader.summary().status == "interrupted"
        (stopped,) = reader.events(kind="run_stopped")
        assert stopped.data == {"error": "RuntimeError", "text": "no luck"}
    async with begin_local(resume=True):
        pass
    with open_run("r", root=tmp_path) as reader:
        assert reader.summary().status == "finished"


async def test_a_full_disk_is_waited_out_and_nothing_is_handed_over_meanwhile(
    begin_local: Begin, log: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    append_all, full = Journal.append_all, asyncio.Event()

    def refusing(journal: Journal, batches: Any) -> Any:
        if full.is_set():
            raise StoreFull("no room")
        return append_all(journal, batches)

    monkeypatch.setattr(Journal, "append_all", refusing)
    async with begin_local() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        full.set()
        task = asyncio.ensure_future(system.run.task(laborer, Job(n=1, log=log), task="t"))
        await eventually(lambda: _any("no room" in caplog.text))
        assert not task.done()
        assert not marks(log)
        full.clear()
        assert await task == Square(n=1, square=1)


async def test_a_journal_that_breaks_stops_the_run_with_that_error(
    begin_local: Begin, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(journal: Journal, batches: Any) -> Any:
        raise StoreBroken("the disk fails")

    async with begin_local() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        monkeypatch.setattr(Journal, "append_all", broken)
        for task in ("t1", "t2"):
            with pytest.raises(StoreBroken, match="the disk fails"):
                await system.run.task(laborer, Job(n=1, log=log), task=task)
    assert not marks(log)


@pytest.mark.slow_on_ray
async def test_a_durable_agent_knows_a_task_again_that_it_did_but_whose_result_was_not_recorded(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, answered = Recording.write, asyncio.Event()

    async def held(recording: Recording, records: Any) -> Any:
        if isinstance(records[0], TaskEnded):
            answered.set()
            await asyncio.Event().wait()
        return await write(recording, records)

    async with begin() as system:
        purse = await system.spawn(Purse(), name="purse")
        monkeypatch.setattr(Recording, "write", held)
        asking = asyncio.ensure_future(system.run.task(purse, 5, task="t"))
        await answered.wait()
        monkeypatch.setattr(Recording, "write", write)
    with pytest.raises(SystemClosed):
        await asking
    async with begin(resume=True) as system:
        purse = await system.spawn(Purse(), name="purse")
        assert await system.run.task(purse, 5, task="t") == 5
        assert await purse.ask(1) == 6


async def test_what_cannot_be_a_task_is_refused_before_anything_is_sent(begin_local: Begin) -> None:
    async with begin_local() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        for wrong in (
            {"task": ""},
            {"task": "\ud800"},
            {"task": "t", "attempts": 0},
            {"task": "t", "timeout_s": 0},
        ):
            with pytest.raises(ConfigError):
                await system.run.task(laborer, "x", **wrong)
        with pytest.raises(ConfigError):
            await everything(system.run.tasks(laborer, {}, concurrency=0))


@pytest.mark.ray
async def test_deaths_and_restarts_of_agents_are_events_of_the_run_with_their_reasons(
    ray_session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: str
) -> None:
    async with _begin("ray", tmp_path, monkeypatch)() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        os.kill((await system.processes())["laborer"], signal.SIGKILL)
        await laborer.ask(Job(n=1, log=log))
        assert await eventually(system.restarts) == {"laborer": 1}
    with open_run("r", root=tmp_path) as reader:
        kinds = [event.kind for event in reader.events(agent="laborer")]
        assert kinds == ["exited", "restarting", "started"]
        assert "killed" in reader.events(agent="laborer")[0].data["reason"]
        assert reader.summary().restarts == 1


@pytest.mark.slow_on_ray
async def test_what_a_supervisor_does_is_in_the_journal_of_the_run(begin: Begin, tmp_path: Path) -> None:
    async with begin() as system:
        children = [shoal.ChildSpec(id="worker", agent=Laborer)]
        supervisor = await system.spawn(shoal.Supervisor(children), name="keeper")
        await supervisor.terminate_child("worker")
        await supervisor.restart_child("worker")
    with open_run("r", root=tmp_path) as reader:
        kinds = [event.kind for event in reader.events(agent="keeper/worker")]
    assert kinds[:3] == ["started", "stopped", "started"]


async def test_dead_letters_and_notes_of_the_program_are_events_of_the_run(
    begin_local: Begin, tmp_path: Path
) -> None:
    async with begin_local() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        await system.run.note("checked", agent="laborer", task="t", by="me")
        await laborer.tell(1.5, task="t")
        await eventually(system.dead_letters)
    with open_run("r", root=tmp_path) as reader:
        checked, letter = reader.events(task="t")
        assert (checked.kind, checked.agent, checked.data) == ("checked", "laborer", {"by": "me"})
        assert (letter.kind, letter.agent) == ("dead_letter", "laborer")
        assert letter.data["reason"] == "unknown_message"


@pytest.mark.ray
@pytest.mark.parametrize(("count", "kills"), [(900, 2), pytest.param(2000, 5, marks=pytest.mark.slow)])
async def test_a_recorder_that_is_killed_loses_nothing_and_writes_nothing_twice(
    ray_session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: str, count: int, kills: int
) -> None:
    begin = _begin("ray", tmp_path, monkeypatch)
    jobs = {f"t{n}": Job(n=n, log=log) for n in range(count)}
    async with begin() as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        seen: dict[str, TaskResult] = {}
        killed: set[int] = set()
        async for result in system.run.tasks(laborer, jobs):
            seen[result.task] = result
            if len(seen) % (len(jobs) // (kills + 1)) == 0 and len(killed) < kills:
                (health,) = await system.health(RECORDER)
                if health["pid"] not in killed:
                    killed.add(health["pid"])
                    os.kill(health["pid"], signal.SIGKILL)
        assert (await system.restarts())[RECORDER] == len(killed) >= 2
        assert not any(result.recorded for result in seen.values())
    assert {task: result.value.square for task, result in seen.items()} == {
        task: job.n**2 for task, job in jobs.items()
    }
    assert marks(log) == {str(n): 1 for n in range(count)}
    with open_run("r", root=tmp_path) as reader:
        assert reader.summary().counts["done"] == count
        assert reader.events(kind="late_result") == []
