"""The client is killed at random points and the run resumed: each task once, and no finished model call again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from shoal.actors.llm.spending import calls_of, total_of
from shoal.experiments.finished import ExperimentRun
from tests.experiments.running.crew import ASKED
from tests.experiments.running.experiments import results_in, states_in, with_model, write_experiment

TASKS = 300
PATIENCE_S = 120.0
COMMAND = [sys.executable, "-m", "tests.experiments.running.program"]


class Client:
    """The command line in a process of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        environment = {**os.environ, ASKED: str(folder / "asked"), "COLUMNS": "120"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        self._process = subprocess.Popen(
            [*COMMAND, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def wait_for_lines(self, path: Path, lines: int) -> None:
        """Until a file has so many lines."""
        until = time.monotonic() + PATIENCE_S
        while not path.exists() or path.read_bytes().count(b"\n") < lines:
            assert self._process.poll() is None, self._process.communicate()
            assert time.monotonic() < until, "nothing happens"
            time.sleep(0.005)

    def signal(self, which: int) -> None:
        """Send it a signal."""
        self._process.send_signal(which)

    def end(self) -> tuple[int, str, str]:
        """Status, output and errors, once it has ended."""
        output, errors = self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode, output, errors


def finished_calls(path: Path) -> Counter[str]:
    """How often each task's model call is on record."""
    return (
        Counter(call.task for call in calls_of(path) if not call.lost)
        if (path / "state").exists()
        else Counter()
    )


def asked(folder: Path) -> Counter[str]:
    """How often the model was really asked for each task."""
    file = folder / "asked"
    return Counter(file.read_text().split()) if file.exists() else Counter()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_client_that_is_killed_twice_at_any_point_ends_with_each_task_once(
    tmp_path: Path, seed: int
) -> None:
    random_points = random.Random(seed)
    texts = [f"charged t{number}" if number % 2 else f"hello t{number}" for number in range(TASKS)]
    file = write_experiment(tmp_path, texts, **with_model(concurrency=16))
    path, root = tmp_path / "runs" / "r", str(tmp_path / "runs")
    finished: Counter[str] = Counter()
    before: Counter[str] = Counter()
    words = ["run", str(file), "--name", "r", "--quiet"]
    done = 0
    for _ in range(2):
        client = Client(tmp_path, *words)
        done += random_points.randrange(1, 100)
        client.wait_for_lines(path / "results.jsonl", done)
        client.signal(signal.SIGKILL)
        assert client.end()[0] == -signal.SIGKILL
        assert not set(finished) - set(finished_calls(path))
        finished, before = finished_calls(path), asked(tmp_path)
        assert finished
        done = sum(1 for state in states_in_ledger(path) if state != "submitted")
        words = ["resume", "r", "--root", root, "--quiet"]
    status, _, errors = Client(tmp_path, *words).end()
    assert (status, errors) == (0, "")
    results = results_in(path)
    assert [result.task for result in results] == [f"t{number}" for number in range(TASKS)]
    assert set(states_in(path).values()) == {"done"}
    assert set(finished_calls(path).values()) == {1}
    assert all(asked(tmp_path)[task] == before[task] for task in finished)
    total = total_of(calls_of(path))
    with ExperimentRun(path) as run:
        summary = run.summary
    assert (summary["calls"], summary["sessions"]) == (total.attempts, 3)
    assert TASKS <= total.attempts == TASKS + total.lost
    tokens = sum(result.tokens for result in results)
    assert tokens == summary["input_tokens"] + summary["output_tokens"] == total.usage.total_tokens
    assert round(sum(result.usd for result in results), 9) == summary["usd"] == round(total.usd, 9) > 0


def states_in_ledger(path: Path) -> list[str]:
    """Of the tasks that were begun."""
    with ExperimentRun(path) as run:
        return [entry.state for entry in run.reader.tasks(limit=TASKS)]


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_in_order_and_says_how_to_go_on(tmp_path: Path, which: signal.Signals) -> None:
    file = write_experiment(tmp_path, ["charged"] * 5 + ["stay"] * 3 + ["hello"] * 5, concurrency=2)
    path = tmp_path / "runs" / "r"
    client = Client(tmp_path, "run", str(file), "--name", "r")
    client.wait_for_lines(path / "results.jsonl", 5)
    client.signal(which)
    status, output, errors = client.end()
    assert status == 130
    assert f"shoal resume r --root {tmp_path / 'runs'}" in output
    assert "stopping; once more to end at once" in errors
    assert "Traceback" not in errors
    states = states_in(path)
    assert list(states) == [f"t{number}" for number in range(13)]
    assert list(states.values()) == ["done"] * 5 + ["not_started"] * 8
    words = ["resume", "r", "--root", str(tmp_path / "runs"), "--set", "timeout_s=0.1"]
    status, output, _ = Client(tmp_path, *words).end()
    assert status == 0
    assert "10 done, 3 failed" in output
