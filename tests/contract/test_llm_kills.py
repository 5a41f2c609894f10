"""An LLM agent dies at any point of a dialogue: what was paid for is not paid again, counted at the server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.stands import Stand
from tests.contract.talkers import STEPS, Talker
from tests.models.openai.stage import Answer, Called, Gate, Received, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")
ROOT = Path(__file__).resolve().parents[2]


class Deadly:
    """The model of the dialogue. It kills who asks: when the question comes, and in the middle of the answer."""

    def __init__(self, directory: Path, when_asked: set[int], amid: set[int]) -> None:
        self._directory = directory
        self._when_asked, self._amid = when_asked, amid
        self.kills = 0

    def __call__(self, asked: Received) -> Answer:
        step = step_of(asked)
        if step in self._when_asked:
            self._when_asked.discard(step)
            self.kill()
            return Answer("never read", before=Gate())
        answer = Answer("all noted") if step == STEPS else Answer("", calls=(Called("note", {"n": step}),))
        if step in self._amid:
            self._amid.discard(step)
            return Answer("a long text that breaks off", amid=_Killing(self))
        return answer

    def kill(self) -> None:
        self.kills += 1
        os.kill(int((self._directory / "pid").read_text()), signal.SIGKILL)


class _Killing(Gate):
    def __init__(self, deadly: Deadly) -> None:
        super().__init__()
        self._deadly = deadly

    async def passed(self) -> None:
        self._deadly.kill()
        await super().passed()


def step_of(asked: Received) -> int:
    """How many tool results it has: the step of the dialogue."""
    return sum(message["role"] == "tool" for message in asked.body["messages"])


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as running:
        yield running


def die_at(directory: Path, *points: str) -> None:
    for point in points:
        (directory / f"die-{point}").touch()


def left(directory: Path) -> list[Path]:
    """Points at which nobody died."""
    return list(directory.glob("die-*"))


def notes(directory: Path) -> Counter[str]:
    return Counter((directory / "notes").read_text().split())


@pytest.mark.ray
@pytest.mark.timeout(300)
async def test_killed_at_twenty_points_of_its_dialogue_an_agent_pays_for_each_call_once(
    ray_stand: Stand, stage: Stage, tmp_path: Path
) -> None:
    points = [f"before-{n}" for n in range(STEPS)] + ["after-0", "after-3", "validator"]
    die_at(tmp_path, *points)
    every = set(range(STEPS + 1))
    deadly = Deadly(tmp_path, set(every), set(every))
    stage.otherwise = deadly
    talker = await ray_stand.spawn(Talker(stage.url, str(tmp_path)), "talker", intensity=100)
    assert await talker.ask("go", timeout_s=240) == "all noted"
    assert deadly.kills + len(points) == 20
    assert not left(tmp_path)
    assert stage.answered == STEPS + 1
    assert len(stage.requests) == STEPS + 1 + deadly.kills
    # A tool that died in the middle was called again: what is done outside needs `once` of its own or approval.
    assert notes(tmp_path) == Counter({str(n): 2 if n in (0, 3) else 1 for n in range(STEPS)})


async def test_a_run_that_is_killed_with_its_program_goes_on_where_it_was(
    stage: Stage, tmp_path: Path
) -> None:
    die_at(tmp_path, "before-1", "after-2", "validator")
    deadly = Deadly(tmp_path, {0, 3}, {2, 5})
    stage.otherwise = deadly
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "SHOAL_RUNS": str(tmp_path / "runs")}
    starts = ["-m", "tests.contract.talkers", stage.url, str(tmp_path)]
    for attempt in range(8):
        argv = starts if attempt == 0 else ["-m", "shoal", "resume", "talk"]
        program = await asyncio.create_subprocess_exec(
            sys.executable, *argv, cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await asyncio.wait_for(program.communicate(), 60)
        assert program.returncode == (-signal.SIGKILL if attempt < 7 else 0), errors.decode()
    assert (tmp_path / "answer").read_text() == "all noted"
    assert stage.answered == STEPS + 1
    assert deadly.kills == 4
