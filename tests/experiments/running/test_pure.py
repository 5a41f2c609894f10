"""What is pure of running an experiment: results from records, sums, progress and how it is drawn."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from shoal.actors.limits.status import LevelStatus, Use
from shoal.actors.llm.recorded import ModelCall
from shoal.experiments.result import Result, State
from shoal.experiments.running.amounts import count, dollars, duration, rate, several
from shoal.experiments.running.attribution import Cost, Trail, costs_of, trails_of
from shoal.experiments.running.drawing import draw, plain_line
from shoal.experiments.running.partial import is_partial
from shoal.experiments.running.progress import Look, Progress
from shoal.experiments.running.ran_out import run_is_out_of_budget, what_ran_out
from shoal.experiments.running.resulting import Recorded, results_of
from shoal.experiments.running.sessions import Sessions
from shoal.experiments.running.summary import Circumstances, summary_of
from shoal.experiments.scoring.scorer import Judged
from shoal.experiments.task import Task
from shoal.models.calling.account import CallAccount
from shoal.models.chat import Usage
from shoal.models.errors import BudgetExceeded
from shoal.models.permits import Budget
from shoal.runtime.errors import AskTimeout, HandlerError, ShoalError
from shoal.runtime.failure import handler_error
from shoal.runtime.journal.entries import MessageEntry
from shoal.runtime.journal.happenings import DEAD_LETTER, RESTARTING, RUN_STARTED, TASK_LEFT_OPEN
from shoal.runtime.journal.ledger import TaskEntry
from shoal.runtime.journal.reader import EventEntry


def task(name: str, **fields: Any) -> Task:
    return Task(task=name, case=name, input={"text": name}, **fields)


def entry(name: str, state: str = "done", output: Any = "x", **fields: Any) -> TaskEntry:
    tag = "" if state in ("submitted", "failed", "abandoned") else "str"
    made = TaskEntry(
        name, state, "team", "str", b"", b"id", 1, tag, msgpack.packb(output) if tag else b"", "", "", "{}", 100.0,
        None if state == "submitted" else 102.5,
    )  # fmt: skip
    return made._replace(**fields)


def results(*entries: TaskEntry | None, judge: Any = None, **recorded: Any) -> list[Result]:
    """Of tasks t0, t1, ... that have these entries."""
    known = {one.task: one for one in entries if one is not None}
    tasks = [task(f"t{number}") for number in range(len(entries))]
    return list(results_of(tasks, Recorded(known.get, **recorded), judge))


@pytest.mark.parametrize(
    ("output", "partial"),
    [
        ({"partial": True}, True),
        ({"answer": 1, "partial": False}, False),
        ({"gaps": [{"branch": "a", "why": "late"}]}, True),
        ({"gaps": []}, False),
        ({"gaps": ["the gap between"]}, False),
        ({"partial": "yes"}, False),
        ("partial", False),
        (None, False),
    ],
)
def test_an_answer_is_partial_when_it_says_so_itself(output: Any, partial: bool) -> None:
    assert is_partial(output) is partial


def test_only_the_runs_own_budget_leaves_a_task_open() -> None:
    def raised(level: str) -> ShoalError:
        error = BudgetExceeded(f"budget of {level}: too much", level=level, what="wall_s")
        return handler_error(error, "team", "str")

    assert run_is_out_of_budget(raised("run"))
    assert what_ran_out(raised("run")) == "wall"
    assert not run_is_out_of_budget(raised("task/t1"))
    assert not run_is_out_of_budget(raised("agent/run"))
    assert not run_is_out_of_budget(AskTimeout("too late"))
    quoting = handler_error(RuntimeError("nobody answered: a: budget of run: the call may"), "team", "str")
    assert isinstance(quoting, HandlerError)
    assert run_is_out_of_budget(quoting)
    assert what_ran_out(quoting) == ""


def test_each_state_of_the_ledger_has_its_state_in_the_results() -> None:
    found = results(
        entry("t0"),
        entry("t1", output={"partial": True}),
        entry("t2", "failed", error="HandlerError", error_text="oh", error_details='{"type": "a.b.MyError"}'),
        entry("t3", "submitted"),
        None,
        entry("t5", "abandoned", error="", error_details="not json"),
        judge=lambda output, one: Judged(0.5),
    )
    states = [State.DONE, State.PARTIAL, State.FAILED, State.NOT_STARTED, State.NOT_STARTED, State.FAILED]
    assert [one.state for one in found] == states
    assert [one.score for one in found] == [0.5, 0.5, 0.0, None, None, 0.0]
    assert (found[2].error, found[2].error_text) == ("MyError", "oh")
    assert found[3].error_text == "the run was stopped while it was under way"
    assert found[4].error_text == "the run was stopped before it was begun"
    assert found[5].error_text == "it was abandoned"
    assert (found[0].took_s, found[3].took_s) == (2.5, None)


def test_a_task_that_the_budget_kept_from_its_end_is_failed_only_where_something_was_spent() -> None:
    spent = {"t1": Cost(1, 10, 2, 5)}
    ran_out = {"t0": "budget of run", "t1": "budget of run"}
    found = results(
        entry("t0", "submitted"),
        entry("t1", "submitted"),
        None,
        costs=spent,
        ran_out=ran_out,
        out_of_budget=True,
    )
    assert [one.state for one in found] == [State.NOT_STARTED, State.FAILED, State.NOT_STARTED]
    assert {one.error for one in found} == {"BudgetExceeded"}
    assert [one.ended_at for one in found] == [None, None, None]


def test_outputs_are_json_whatever_the_answer_holds() -> None:
    (found,) = results(entry("t0", output={"raw": b"\xff", "none": None, 1: math.inf}))
    assert json.loads(found.model_dump_json())["output"] == {"raw": "_w==", "none": None, "1": None}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 10**12), st.integers(0, 99)), max_size=30))
def test_costs_of_tasks_are_exact_in_any_order(charged: list[tuple[str, int, int]]) -> None:
    calls = [
        ModelCall(
            agent="a", task=name, sender="s", step=1, at=1.0,
            accounts=(
                CallAccount(
                    model="m", endpoint="e", usage=Usage(input_tokens=tokens), usd=nano / 1e9, attempts=1
                ),
            ),
        )
        for name, nano, tokens in charged
    ]  # fmt: skip
    costs = costs_of(calls)
    assert costs == costs_of(reversed(calls))
    assert sum(cost.calls for cost in costs.values()) == len(charged)
    assert sum(cost.input_tokens for cost in costs.values()) == sum(tokens for _, _, tokens in charged)
    assert sum(cost.nano_usd for cost in costs.values()) == sum(call.accounts[0].nano_usd for call in calls)


def test_a_tasks_path_is_its_agents_in_the_order_of_their_first_message() -> None:
    def said(name: str | None, to: str, at: float) -> MessageEntry:
        return MessageEntry("id", None, name, "x", to, "str", 1, at, 0.1, "done")

    trails = trails_of(
        [said("t", "b", 2), said("t", "a", 1), said("t", "a", 3), said(None, "c", 0), said("u", "c", 4)]
    )
    assert trails == {"t": Trail(("a", "b"), 3), "u": Trail(("c",), 1)}


def test_a_summary_counts_every_state_and_judges_over_what_has_a_score() -> None:
    def one(state: State, score: float | None, took: float | None, ended: float | None = 5.0) -> Result:
        return Result(
            task="t", case="t", state=state, score=score, took_s=took, ended_at=ended, usd=0.1, calls=2
        )

    summary = summary_of(
        [
            one(State.DONE, 1.0, 1.0),
            one(State.PARTIAL, 0.5, 3.0),
            one(State.FAILED, 0.0, 90.0),
            one(State.NOT_STARTED, None, None, None),
        ],
        Circumstances(wall_s=9.0, work_s=6.0, restarts=2),
    )
    assert summary.states == {"done": 1, "partial": 1, "failed": 1, "not_started": 1}
    assert (summary.score, summary.scored, summary.complete) == (0.5, 3, False)
    assert (summary.latency_p50_s, summary.throughput, summary.restarts) == (2.0, 0.5, 2)
    assert (summary.usd, summary.calls) == (0.4, 8)
    empty = summary_of([])
    assert (empty.tasks, empty.score, empty.latency_p95_s, empty.throughput) == (0, None, None, None)


def test_time_between_sessions_is_not_time_at_work() -> None:
    def event(at: float, kind: str, name: str | None = None) -> EventEntry:
        return EventEntry(int(at), at, kind, None, name, {"text": "why"})

    sessions = Sessions(
        [
            event(10, RUN_STARTED), event(12, TASK_LEFT_OPEN, "old"), event(15, RESTARTING), event(100, RUN_STARTED),
            event(104, DEAD_LETTER), event(105, TASK_LEFT_OPEN, "new"),
        ]
    )  # fmt: skip
    for submitted, ended in ((None, None), (5.0, None), (13.0, 17.0), (11.5, 16.0), (14.0, 101.0)):
        sessions.task(submitted, ended)
    assert (sessions.count, sessions.wall_s) == (2, 12.0)
    # 11.5 to 17, and, as one task had been open when the second session began, 100 to 101.
    assert sessions.work_s == 6.5
    assert (sessions.restarts, sessions.dead_letters, sessions.left_open) == (1, 1, {"new": "why"})


def test_a_session_in_which_no_task_ended_was_at_work_until_it_was_last_heard_of() -> None:
    sessions = Sessions([EventEntry(1, 10.0, RUN_STARTED, None, None, {})])
    assert sessions.work_s == 0.0
    sessions.task(12.0, None)
    sessions.task(15.0, None)
    assert sessions.work_s == 3.0


def test_progress_says_the_rate_of_the_last_minute_and_what_is_left() -> None:
    progress = Progress("r", 100, 0.0)
    progress.ended(State.DONE, 0.0, recorded=True)
    progress.began(10.0)
    assert progress.shown(10.1).rate is None
    for number in range(40):
        progress.submitted()
        progress.returned()
        progress.ended(State.DONE if number % 4 else State.FAILED, 10.0 + number)
    progress.submitted()
    shown = progress.shown(50.0)
    assert (shown.ended, shown.recorded, shown.in_flight, shown.rate) == (41, 1, 1, 1.0)
    assert shown.left_s == 59.0
    assert shown.states[State.FAILED] == 10
    quiet = progress.shown(200.0)
    assert (quiet.rate, quiet.left_s) == (0.0, None)


@given(st.lists(st.tuples(st.sampled_from(list(State)), st.floats(0, 5)), max_size=200))
def test_progress_counts_what_it_is_told_whatever_the_pace(ends: list[tuple[State, float]]) -> None:
    progress, now = Progress("r", 200, 0.0), 0.0
    progress.began(0.0)
    for state, pause in ends:
        now += pause
        progress.submitted()
        progress.returned()
        progress.ended(state, now)
    shown = progress.shown(now)
    assert (shown.ended, shown.in_flight) == (len(ends), 0)
    assert shown.rate is None or shown.rate >= 0


def drawn(progress: Progress, width: int) -> list[str]:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(draw(progress.shown(44.0), width))
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", [40, 80, 120])
def test_what_is_drawn_fits_the_terminal_and_says_it_all(width: int) -> None:
    progress = Progress("triage", 10_000, 0.0)
    progress.began(2.0)
    for number in range(420):
        progress.submitted()
        progress.returned()
        progress.ended(State.DONE if number % 40 else State.FAILED, 2 + number / 10)
    progress.submitted()
    budget = LevelStatus(
        limit=Budget(tokens=200_000, usd=1.0, wall_s=600.0),
        reserved=Use(),
        spent=Use(tokens=183_000, usd=0.4123, calls=4_200),
        left=Budget(tokens=17_000, usd=0.58, wall_s=100.0),
    )
    progress.looked(Look(9, 2, 1, budget, 12, "team/first", 37, ("team/second",)))
    lines = drawn(progress, width)
    assert max(map(len, lines)) <= width
    assert len(lines) == 7
    text = " ".join(lines) if width >= 120 else plain_line(progress.shown(44.0))
    for part in ("409 done", "11 failed", "1 in flight", "183,000 of 200,000 tokens", "$0.41 of $1.00", "9 up",
                 "2 restarted", "1 dead letter", "420 of 10,000", "no answer from team/second"):  # fmt: skip
        assert part in text


def test_amounts_are_written_for_people() -> None:
    assert [count(n) for n in (0, 1234, 1_234_567)] == ["0", "1,234", "1.23M"]
    assert [dollars(n) for n in (0, 12, 0.5, 0.0123, 0.000004)] == [
        "$0.00",
        "$12.00",
        "$0.50",
        "$0.0123",
        "$0.000004",
    ]
    times = [0.0421, 0.9996, 3.21, 59.7, 245, 3600, 7799, 90000]
    said = ["42 ms", "1.0 s", "3.2 s", "1 min 00 s", "4 min 05 s", "1 h 00 min", "2 h 10 min", "1 d 01 h"]
    assert [duration(n) for n in times] == said
    assert [rate(n) for n in (1234, 1.25, 0.05)] == ["1,234 tasks/s", "1.2 tasks/s", "3.0 tasks/min"]
    assert [several(n, "call") for n in (1, 2)] == ["1 call", "2 calls"]
