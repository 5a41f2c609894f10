"""Everything that says what a run took, added up: all of it is the same, and nothing that was served is missing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from typer.testing import CliRunner

from shoal.actors.limits.lost import close_ledger
from shoal.actors.llm.books import Sum, settle_books
from shoal.actors.llm.spending import By, Spent, calls_of, costs_by_task, spent_by, total_of
from shoal.cli import app
from shoal.experiments.finished import ExperimentRun
from shoal.experiments.result import State
from shoal.models.money import NANO
from shoal.runtime.journal.ledger import TaskState
from shoal.runtime.journal.reader import RunReader
from tests.experiments.ordeal.desk import served
from tests.experiments.ordeal.endpoint import label_of, task_of

_LOOKED_AT = 5


class Found(NamedTuple):
    """What a run came to."""

    total: Sum
    lost: int
    """Calls that were charged and are in no record."""
    attempts: int
    """Submissions of tasks."""


def check_run(folder: Path, path: Path, tasks: int, sessions: int) -> Found:
    """All that there is to hold of a run of the desk that has come to its end."""
    check_results(path, tasks)
    by_task = check_tasks(folder, path, tasks)
    books = check_books(path)
    assert _sum(by_task) == books
    check_commands(path, by_task)
    with ExperimentRun(path) as run:
        summary = run.summary
    assert summary["states"] == {"done": tasks, "partial": 0, "failed": 0, "not_started": 0}
    assert (summary["complete"], summary["sessions"], summary["score"]) == (True, sessions, 1.0)
    assert summary["outside_calls"] == summary["outside_tokens"] == summary["outside_usd"] == 0
    assert summary["calls"] == books.requests
    assert summary["input_tokens"] + summary["output_tokens"] == books.tokens
    assert summary["usd"] == books.nano_usd / NANO
    return Found(books, sum(call.lost for call in calls_of(path)), summary["attempts"])


def check_results(path: Path, tasks: int) -> None:
    """A line for each task, in the workload's order, with the right answer; the ledger says the same."""
    lines = [json.loads(line) for line in (path / "results.jsonl").read_text().splitlines()]
    assert [line["task"] for line in lines] == [task_of(number) for number in range(tasks)]
    assert {line["state"] for line in lines} == {State.DONE}
    assert [line["output"] for line in lines] == [label_of(number) for number in range(tasks)]
    assert all(line["attempts"] >= 1 and line["priced"] for line in lines)
    with RunReader(path) as reader:
        entries = reader.tasks(limit=2 * tasks)
        assert Counter(entry.task for entry in entries) == Counter(task_of(number) for number in range(tasks))
        assert {entry.state for entry in entries} == {TaskState.DONE}
        assert reader.summary().status == "finished"


def check_tasks(folder: Path, path: Path, tasks: int) -> dict[str, Sum]:
    """Task by task results, records and spans have the same sums, which are not less than what was served."""
    with ExperimentRun(path) as run:
        results = {one.task: Sum(one.calls, one.tokens, round(one.usd * NANO)) for one in run.results()}
        spans: dict[str, Sum] = {}
        ids: Counter[str] = Counter()
        for span in run.reader.iter_spans():
            if span.kind == "model":
                ids[span.id] += 1
                data, task = span.data, str(span.task)
                assert data["tokens"] == data["input_tokens"] + data["output_tokens"]
                assert round(data["usd"] * NANO) == data["nano_usd"]
                taken = (data["attempts"], data["tokens"], data["nano_usd"])
                spans[task] = spans.get(task, Sum()).plus(*taken)
    assert set(ids.values()) == {1}
    records = {task: _sum_of(spent) for task, spent in costs_by_task(path).items()}
    assert results == spans == records
    assert results.keys() == {task_of(number) for number in range(tasks)}
    known = served(folder)
    assert [task for task, count in known.requests.items() if results[task].requests < count] == []
    assert [task for task, count in known.tokens.items() if results[task].tokens < count] == []
    assert all(one.requests >= 2 for one in results.values())
    return results


def check_books(path: Path) -> Sum:
    """Records, budget and journal agree, level by level, and were settled by the run itself."""
    ledger = close_ledger(path, [], 0.0)
    assert ledger is not None
    in_file = Sum(ledger.run.calls, ledger.run.tokens, ledger.run.nano_usd)
    books = settle_books(path)
    assert books.differences == ()
    assert books.added == 0
    assert books.unlimited == Sum()
    assert in_file == books.budget == books.journal == books.total
    calls = list(calls_of(path))
    assert _sum_of(total_of(calls)) == books.total
    for by in By:
        assert _sum({name: _sum_of(spent) for name, spent in spent_by(calls, by).items()}) == books.total
    assert Sum(*_lost(path)) == books.lost
    return books.total


def check_commands(path: Path, by_task: dict[str, Sum]) -> None:
    """``shoal cost`` and ``shoal trace`` say the same, of all and of the dearest tasks."""
    said = CliRunner().invoke(app, ["cost", str(path), "--by", "task", "--json"])
    assert said.exit_code == 0, said.output
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    assert {
        row["task"]: Sum(row["attempts"], _tokens(row["usage"]), row["nano_usd"]) for row in rows
    } == by_task
    for task in sorted(by_task, key=lambda task: by_task[task], reverse=True)[:_LOOKED_AT]:
        told = CliRunner().invoke(app, ["trace", str(path), task, "--json"])
        assert told.exit_code == 0, told.output
        trace = json.loads(told.stdout)
        taken = [span["data"] for span in trace["spans"] if span["kind"] == "model"]
        assert sum(data["tokens"] for data in taken) == by_task[task].tokens
        assert sum(data["nano_usd"] for data in taken) == by_task[task].nano_usd


def _tokens(usage: dict[str, int]) -> int:
    return usage["input_tokens"] + usage["output_tokens"]


def _lost(path: Path) -> tuple[int, int, int]:
    lost = [account for call in calls_of(path) if call.lost for account in call.accounts]
    return (
        sum(account.attempts for account in lost),
        sum(account.tokens for account in lost),
        sum(account.nano_usd for account in lost),
    )


def _sum_of(spent: Spent) -> Sum:
    return Sum(spent.attempts, spent.tokens, spent.nano_usd)


def _sum(sums: dict[str, Sum]) -> Sum:
    total = Sum()
    for one in sums.values():
        total = total.plus(*one)
    return total
