"""The client is killed at random points, again and again, and ``shoal resume`` finishes its run."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from shoal.runtime.journal import open_run
from tests.contract.laborers import marks
from tests.contract.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="session")
ROOT = Path(__file__).resolve().parents[2]
COUNT = 300
CONCURRENCY = 8


class Client:
    """Starts the program, and resumes it, as a user would."""

    def __init__(self, directory: Path, target: str) -> None:
        self.runs, self.log, self.results = directory / "runs", directory / "log", directory / "results"
        self._target = target

    async def _start(self, *argv: str) -> asyncio.subprocess.Process:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "SHOAL_RUNS": str(self.runs)}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", *argv, cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
        )

    async def begin(self) -> asyncio.subprocess.Process:
        return await self._start(
            "tests.contract.killable", self._target, str(self.log), str(self.results), str(COUNT)
        )

    async def resume(self) -> asyncio.subprocess.Process:
        return await self._start("shoal", "resume", "r")

    def recorded(self) -> set[str]:
        """Numbers of the jobs whose results are recorded."""
        with open_run("r", root=self.runs) as reader:
            return {str(int(entry.task[1:]) - 3) for entry in reader.tasks() if not entry.open}


async def kill_after(client: Client, process: asyncio.subprocess.Process, executions: int) -> None:
    """Kill the client as soon as so much was done."""
    async with asyncio.timeout(PATIENCE_S):
        while marks(client.log).total() < executions and process.returncode is None:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    _, errors = await process.communicate()
    assert process.returncode == -signal.SIGKILL, errors.decode()


async def finish_in_spite_of_kills(directory: Path, target: str, points: int, seed: int) -> Client:
    client, dice = Client(directory, target), random.Random(seed)
    process = await client.begin()
    recorded: set[str] = set()
    before = marks(client.log)
    for _ in range(points):
        more = dice.randrange(1, COUNT // (points + 1))
        await kill_after(client, process, before.total() + more)
        now = marks(client.log)
        assert [job for job in recorded if now[job] != before[job]] == []
        recorded, before = client.recorded(), marks(client.log)
        process = await client.resume()
    async with asyncio.timeout(PATIENCE_S):
        _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    executed = marks(client.log)
    assert [job for job in recorded if executed[job] != before[job]] == []
    assert executed.keys() == {str(n - 3) for n in range(COUNT)}
    assert executed.total() <= COUNT + points * CONCURRENCY
    check_results(client, points)
    return client


def check_results(client: Client, kills: int) -> None:
    """They are those of an undisturbed run, and each is recorded once."""
    found = json.loads(client.results.read_text())
    assert {task: value for task, value in found.items() if task not in ("t0", "t1", "t2")} == {
        f"t{n}": (n - 3) ** 2 for n in range(3, COUNT)
    }
    assert found["t0"] == "laborer raised ValueError on tests.contract.laborers:Job: -3 is negative"
    with open_run("r", root=client.runs) as reader:
        summary = reader.summary()
        assert summary.status == "finished"
        assert (summary.counts["done"], summary.counts["failed"]) == (COUNT - 3, 3)
        assert len(reader.events(kind="run_started")) == kills + 1


@pytest.mark.timeout(600)
@pytest.mark.parametrize("points", [3, pytest.param(10, marks=pytest.mark.slow)])
async def test_a_killed_client_is_finished_by_resume_and_nothing_recorded_is_done_again(
    tmp_path: Path, points: int
) -> None:
    client = await finish_in_spite_of_kills(tmp_path, "local", points, seed=1)
    executed = marks(client.log)
    process = await client.resume()
    await process.communicate()
    assert process.returncode == 0  # there is nothing to resume any more
    assert marks(client.log) == executed


@pytest.mark.ray
@pytest.mark.timeout(600)
@pytest.mark.slow
@pytest.mark.parametrize("points", [1, 10])
async def test_a_killed_client_of_agents_on_ray_is_finished_by_resume(
    ray_session: str, tmp_path: Path, points: int
) -> None:
    await finish_in_spite_of_kills(tmp_path, ray_session, points, seed=3)
