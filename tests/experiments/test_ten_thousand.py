"""Agents, recorder, limiter and client are killed: each task has its one result, and all books agree exactly."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.experiments.ordeal.books import Found, check_run
from tests.experiments.ordeal.client import PATIENCE_S, Client
from tests.experiments.ordeal.desk import write_desk
from tests.experiments.ordeal.killing import CLIENT, SYSTEM, Kill, Processes, plan_kills

RUN = "r"
AT_ONCE = 32
_LOOK_S = 0.01


@pytest.fixture(scope="module")
def ray_address() -> Iterator[str]:
    """Of the Ray that these tests share."""
    import ray

    ours = not ray.is_initialized()
    if ours:
        # Ray's workers are nicer than all others by 15: on a busy machine they would wait most of the time.
        os.environ.setdefault("RAY_worker_niceness", "0")
        ray.init(
            address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False
        )
    yield ray.get_runtime_context().gcs_address
    if ours:
        ray.shutdown()


class Ordeal:
    """One run, what of it is killed, and how it goes on."""

    def __init__(self, file: Path, address: str, seed: int, plan: list[Kill], answer_s: float) -> None:
        self.path = file.parent / "runs" / RUN
        self.sessions = 0
        self._file, self._address, self._answer_s = file, address, answer_s
        self._dice = random.Random(seed)
        self._processes = Processes() if address != "local" else None
        self._client_kills = [kill for kill in plan if kill.whom == CLIENT]
        self._kills = [kill for kill in plan if kill.whom != CLIENT]

    @property
    def left(self) -> int:
        """Kills that were not done: the run was over before."""
        return len(self._client_kills) + len(self._kills)

    def go(self) -> None:
        """To its end, through all kills."""
        while not self._session():
            pass

    def _session(self) -> bool:
        """Until the client is killed (``False``) or has come to the end of the run."""
        start = ["resume", RUN, "--root", str(self.path.parent)]
        words = start if self.sessions else ["run", str(self._file), "--name", RUN]
        self.sessions += 1
        client = Client(self._file.parent.parent, self._answer_s, *words, "--address", self._address)
        try:
            done, until, before = -1, 0.0, self._done()
            while client.running:
                if self._done() > done:
                    done, until = self._done(), time.monotonic() + PATIENCE_S
                assert time.monotonic() < until, client.said()
                if self._client_kills and self._client_kills[0].at <= done:
                    self._client_kills.pop(0)
                    assert client.kill(), client.said()
                    return False
                self._strike(done, building=done <= before)
                time.sleep(_LOOK_S)
            assert client.end() == 0, client.said()
            return True
        finally:
            client.close()

    def _strike(self, done: int, *, building: bool) -> None:
        """One kill that is due. Whoever is not up at the moment is killed later; the system's own actor not while the
        team is built, for that ends the start with an error."""
        if self._kills and self._kills[0].at <= done and not (building and self._kills[0].whom == SYSTEM):
            assert self._processes is not None
            if self._processes.kill(self._kills[0].whom, self._dice):
                self._kills.pop(0)

    def _done(self) -> int:
        """Results so far: the end of a session writes a line for each task, also for those that were not begun."""
        results = self.path / "results.jsonl"
        return results.read_bytes().count(b'"state":"done"') if results.exists() else 0


def through(
    folder: Path, tasks: int, address: str, seed: int, *, answer_s: float = 0.02, **how_often: int
) -> Found:
    """A run that goes through so many kills of each kind, and is what it has to be in the end."""
    plan = plan_kills(tasks, seed, **how_often)
    ordeal = Ordeal(write_desk(folder, tasks, concurrency=AT_ONCE), address, seed, plan, answer_s)
    ordeal.go()
    assert ordeal.sessions == 1 + how_often.get("client", 0)
    # On a fast machine the last ones may come too late; the others were there to be done.
    assert ordeal.left <= len(plan) // 3
    return check_run(folder, ordeal.path, tasks, ordeal.sessions)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [5])
def test_a_run_whose_client_is_killed_twice_has_each_result_once_and_books_that_agree(
    tmp_path: Path, seed: int
) -> None:
    through(tmp_path, 300, "local", seed, client=2)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [6])
def test_a_run_whose_processes_are_all_killed_has_each_result_once_and_books_that_agree(
    tmp_path: Path, ray_address: str, seed: int
) -> None:
    found = through(
        tmp_path, 300, ray_address, seed, answer_s=0.5, agents=5, recorder=2, limiter=2, system=1, client=2
    )
    assert found.attempts > 300


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [7])
def test_ten_thousand_tasks_have_one_result_each_and_books_that_agree_whatever_is_killed(
    tmp_path: Path, ray_address: str, seed: int
) -> None:
    found = through(
        tmp_path, 10_000, ray_address, seed, agents=40, recorder=10, limiter=10, system=3, client=2
    )
    assert found.lost > 0
