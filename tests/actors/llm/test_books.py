"""Records, budgets and journal agree on every token and every billionth of a dollar, whatever was killed when."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import shoal
from shoal.actors.limits import permits_of
from shoal.actors.limits.lost import close_ledger, left_charges
from shoal.actors.llm import LLMAgent
from shoal.actors.llm.books import Sum, settle_books
from shoal.actors.llm.spending import By, Spent, calls_of, costs_by_task, spent_by, total_of
from shoal.cli import app
from shoal.errors import RunNotFound
from shoal.models.chat import Usage
from shoal.models.permits import Level, Settlement, Want
from shoal.models.scripted import Reply
from shoal.runtime.journal.reader import RunReader
from tests.actors.llm.dying_run import POINTS, RUN, TASKS, Priced

ROOT = Path(__file__).parents[3]


PLANS = {
    **{point: [f"{point}:3"] for point in POINTS},
    "again": ["answered:5", "given_leave:2", "recorded:2", "not_recorded:1"],
    "settled": [
        "answered:5",
        "settled",
        "given_leave:2",
        "settled",
        "recorded:2",
        "settled",
        "not_recorded:1",
    ],
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run for each plan, killed as planned and resumed to its end."""
    root = tmp_path_factory.mktemp("runs")
    for name in PLANS:
        (root / name).mkdir()
    command = [sys.executable, "-m", "tests.actors.llm.dying_run", str(root), json.dumps(PLANS)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True,
        timeout=240,
        check=True,
    )
    killed = json.loads(done.stdout)
    for name, plan in PLANS.items():
        assert killed[name] == [step.partition(":")[0] for step in plan if step != "settled"], done.stderr
    return root


def check_books(directory: Path) -> Sum:
    """All views of the run have the same sums; what is lost."""
    live = total_of(calls_of(directory))
    books = settle_books(directory)
    assert books.differences == ()
    assert books.budget == books.journal == books.total
    calls = list(calls_of(directory))
    for total in (live, total_of(calls), *(_sum(spent_by(calls, by)) for by in By)):
        assert Sum(total.attempts, total.tokens, total.nano_usd) == books.total
    tasks = costs_by_task(directory)
    with RunReader(directory) as reader:
        spans = [span for span in reader.iter_spans() if span.kind == "model"]
        assert {task.task for task in reader.tasks()} == {f"t{n}" for n in range(TASKS)} == set(tasks)
    for task, spent in tasks.items():
        mine = [span.data for span in spans if span.task == task]
        assert sum(data["nano_usd"] for data in mine) == spent.nano_usd
        assert sum(data["input_tokens"] + data["output_tokens"] for data in mine) == spent.tokens
    again = settle_books(directory)
    assert again == books._replace(added=0)
    return books.lost


def _sum(sums: dict[str, Spent]) -> Spent:
    total = Spent()
    for spent in sums.values():
        total = total._replace(
            attempts=total.attempts + spent.attempts,
            usage=total.usage.plus(spent.usage),
            nano_usd=total.nano_usd + spent.nano_usd,
        )
    return total


@pytest.mark.parametrize("name", PLANS)
def test_a_run_that_is_killed_at_any_point_and_resumed_has_books_that_agree(runs: Path, name: str) -> None:
    lost = check_books(runs / name / RUN)
    assert lost.requests >= (2 if len(PLANS[name]) > 1 else 0)


def test_lost_calls_are_shown_by_whom_they_were_made(runs: Path) -> None:
    root = runs / "not_recorded"
    assert check_books(root / RUN).requests
    lost = [call for call in calls_of(root / RUN) if call.lost]
    assert {call.agent for call in lost} <= {"desk/a", "desk/b"}
    assert {call.role for call in lost} <= {"a", "b"}
    assert all(call.sender == "desk" and call.task.startswith("t") and call.message for call in lost)
    table = CliRunner().invoke(app, ["cost", RUN, "--root", str(root), "--by", "role"])
    assert table.exit_code == 0, table.output
    assert "lost" in table.output
    lines = CliRunner().invoke(app, ["cost", RUN, "--root", str(root), "--by", "edge", "--json"])
    rows = [json.loads(line) for line in lines.stdout.splitlines()]
    assert sum(row["lost"] for row in rows) == len(lost)
    with RunReader(root / RUN) as reader:
        assert sum(span.outcome == "lost" for span in reader.iter_spans()) == len(lost)


async def test_the_books_of_a_run_without_a_death_have_nothing_lost_and_nothing_to_add(
    tmp_path: Path,
) -> None:
    model = Priced(lambda _: Reply("ok", usage=Usage(input_tokens=10, output_tokens=3)))
    async with shoal.start(
        "local", run="r", runs_root=tmp_path, journal="messages", budget={"calls": 9}
    ) as system:
        agent = await system.spawn(LLMAgent(model, name="solo"), name="solo")
        assert await asyncio.gather(*(system.run.task(agent, f"{n}", task=f"t{n}") for n in range(3)))
        assert await agent.ask("outside of all tasks") == "ok"
        assert settle_books_of_another_process(tmp_path / "r") == "RunInUse"
    books = settle_books(tmp_path / "r")
    assert books.recorded == books.budget == books.journal == Sum(4, 52, 4 * 3531)
    assert (books.lost, books.unlimited, books.added, books.differences) == (Sum(), Sum(), 0, ())
    assert left_charges(tmp_path / "r", over=True) == []
    assert len(costs_by_task(tmp_path / "r")) == 4
    with RunReader(tmp_path / "r") as reader:
        assert sorted(str(span.task) for span in reader.iter_spans()) == ["None", "t0", "t1", "t2"]


def settle_books_of_another_process(directory: Path) -> str:
    code = (
        "import sys; from pathlib import Path; from shoal.actors.llm.books import settle_books\n"
        "try: settle_books(Path(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__, end='')"
    )
    command = [sys.executable, "-c", code, str(directory)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


async def test_without_limits_the_books_are_the_records_alone(tmp_path: Path) -> None:
    async with shoal.start("local", run="r", runs_root=tmp_path) as system:
        agent = await system.spawn(LLMAgent(Priced(lambda _: Reply("ok")), name="solo"))
        await system.run.task(agent, "hello", task="t0")
    books = settle_books(tmp_path / "r")
    assert books.budget is None
    assert books.unlimited == books.recorded == books.journal
    assert books.added == 1  # the run did not journal messages
    assert books.differences == ()


def test_where_files_do_not_agree_the_books_say_so(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "recorded" / RUN, tmp_path / RUN)
    for state in (tmp_path / RUN / "state").glob("*.db"):
        with sqlite3.connect(state) as connection:
            connection.execute("DELETE FROM effects")
        connection.close()
    books = settle_books(tmp_path / RUN)
    assert len(books.differences) > 1
    assert "run was charged" in books.differences[0]


def test_a_directory_without_a_run_has_no_books(tmp_path: Path) -> None:
    with pytest.raises(RunNotFound):
        settle_books(tmp_path / "none")
    assert left_charges(tmp_path, over=True) == []
    assert close_ledger(tmp_path, [], 0.0) is None


async def test_a_programs_own_permits_count_for_the_agent_and_task_of_their_levels(tmp_path: Path) -> None:
    async with shoal.start("local", run="r", runs_root=tmp_path, budget={"calls": 9}) as system:
        permits = permits_of(system.as_sender)
        wish = Want("judge", "judge", 100, 0.5, (Level("agent/judge"), Level("task/t1")))
        (await permits.acquire(wish)).settle(Settlement(60, 0.25))
        thrown_away = await permits.acquire(wish)
        del thrown_away
    books = settle_books(tmp_path / "r")
    assert (books.recorded, books.lost) == (Sum(1, 60, 250_000_000), Sum(1, 100, 500_000_000))
    assert books.budget == books.journal == books.total
    assert costs_by_task(tmp_path / "r")["t1"].nano_usd == 750_000_000
    assert set(spent_by(calls_of(tmp_path / "r"), By.AGENT)) == {"judge"}
