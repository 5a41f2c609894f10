"""An LLM agent dies at any point of a dialogue: what was paid for is not paid again, counted at the server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract import talkers
from tests.contract.stands import Stand
from tests.contract.talkers import STEPS, Talker
from tests.contract.waiting import for_ever
from tests.models.openai.stage import Answer, Called, Gate, Received, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")
ROOT = Path(__file__).resolve().parents[2]
IN_TOOLS = [*(f"before-{n}" for n in range(STEPS)), "after-0", "after-3", "validator"]
EVERY = set(range(STEPS + 1))
"""Steps of the dialogue. With the points above, and twice each of these, there are twenty to die at."""


class Deadly:
    """The model of the dialogue. It kills who asks: when the question comes, and in the middle of the answer."""

    def __init__(self, kill: Callable[[], object], when_asked: set[int], amid: set[int]) -> None:
        self._kill = kill
        self._when_asked, self._amid = set(when_asked), set(amid)
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
        self._kill()


class _Killing(Gate):
    def __init__(self, deadly: Deadly) -> None:
        super().__init__()
        self._deadly = deadly

    async def passed(self) -> None:
        self._deadly.kill()
        await super().passed()


def process_in(directory: Path) -> Callable[[], object]:
    """Kills the process whose id is written there."""
    return lambda: os.kill(int((directory / "pid").read_text()), signal.SIGKILL)


def step_of(asked: Received) -> int:
    """How many tool results it has: the step of the dialogue."""
    return sum(message["role"] == "tool" for message in asked.body["messages"])


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as running:
        yield running


def die_at(directory: Path, points: list[str]) -> None:
    for point in points:
        (directory / f"die-{point}").touch()


def check(directory: Path, stage: Stage, deadly: Deadly, points: list[str]) -> None:
    """Each died where it was to die, each answer was paid for once."""
    assert not list(directory.glob("die-*"))
    assert stage.answered == STEPS + 1
    assert len(stage.requests) == STEPS + 1 + deadly.kills
    # A tool that died in the middle was called again: what is done outside needs `once` of its own or approval.
    again = {int(point[-1]) for point in points if point.startswith("after")}
    notes = Counter((directory / "notes").read_text().split())
    assert notes == Counter({str(n): 2 if n in again else 1 for n in range(STEPS)})


@pytest.mark.ray
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("points", "when_asked", "amid"),
    [
        pytest.param(["before-1", "after-3", "validator"], {0}, {2}, id="five points"),
        pytest.param(IN_TOOLS, EVERY, EVERY, id="twenty points", marks=pytest.mark.slow),
    ],
)
async def test_killed_at_points_of_its_dialogue_an_agent_pays_for_each_call_once(
    ray_stand: Stand, stage: Stage, tmp_path: Path, points: list[str], when_asked: set[int], amid: set[int]
) -> None:
    die_at(tmp_path, points)
    deadly = stage.otherwise = Deadly(process_in(tmp_path), when_asked, amid)
    talker = await ray_stand.spawn(Talker(stage.url, str(tmp_path)), "talker", intensity=100)
    assert await talker.ask("go", timeout_s=240) == "all noted"
    assert deadly.kills == len(when_asked) + len(amid)
    check(tmp_path, stage, deadly, points)


async def test_a_system_that_dies_at_twenty_points_of_a_dialogue_pays_for_each_call_once(
    local_stand: Stand, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, dead = asyncio.get_running_loop(), asyncio.Event()

    async def die() -> None:
        dead.set()
        await for_ever()

    monkeypatch.setattr(talkers, "die", die)
    die_at(tmp_path, IN_TOOLS)
    deadly = stage.otherwise = Deadly(lambda: loop.call_soon_threadsafe(dead.set), EVERY, EVERY)
    await local_stand.spawn(Talker(stage.url, str(tmp_path)), "talker")
    deaths, asks = 0, []
    while True:
        asks.append(asyncio.ensure_future(local_stand.ask_as(b"the only ask", "talker", "go")))
        dying = asyncio.ensure_future(dead.wait())
        await asyncio.wait({asks[-1], dying}, return_when=asyncio.FIRST_COMPLETED)
        if asks[-1].done():
            break
        dead.clear()
        deaths += 1
        await local_stand.kill("talker")
    dying.cancel()
    assert await asks.pop() == "all noted"
    assert deaths == 20
    check(tmp_path, stage, deadly, IN_TOOLS)
    for ask in asks:  # of those who died with the system that they asked
        ask.cancel()
    await asyncio.gather(*asks, return_exceptions=True)


async def test_a_run_that_is_killed_with_its_program_goes_on_where_it_was(
    stage: Stage, tmp_path: Path
) -> None:
    points = ["after-2"]
    die_at(tmp_path, points)
    deadly = stage.otherwise = Deadly(process_in(tmp_path), set(), {4})
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "SHOAL_RUNS": str(tmp_path / "runs")}
    starts = ["-m", "tests.contract.talkers", stage.url, str(tmp_path)]
    for attempt in range(3):
        argv = starts if attempt == 0 else ["-m", "shoal", "resume", "talk"]
        program = await asyncio.create_subprocess_exec(
            sys.executable, *argv, cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await asyncio.wait_for(program.communicate(), 60)
        assert program.returncode == (-signal.SIGKILL if attempt < 2 else 0), errors.decode()
    assert (tmp_path / "answer").read_text() == "all noted"
    assert deadly.kills == 1
    check(tmp_path, stage, deadly, points)
