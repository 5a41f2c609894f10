"""Failures by cause: how tasks are put together, and which trouble is read off a run's records."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from shoal.actors.llm.recorded import ModelCall
from shoal.experiments.explaining.answer_records import member_votes
from shoal.experiments.explaining.causes import Category
from shoal.experiments.explaining.failures import Failures, Outcome, group_failures
from shoal.experiments.explaining.failures_page import failures_page, failures_record
from shoal.experiments.explaining.failures_reading import read_failures
from shoal.experiments.explaining.troubles import Trouble, Troubles
from shoal.experiments.result import Result, State
from shoal.models.chat import ChatResponse, ToolCall
from shoal.runtime.codec import encode
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.journal.run_directory import RunDirectory
from shoal.runtime.terminal.data import data_of
from shoal.topologies.answers.fan_out_result import FanOutResult
from shoal.topologies.review.debate_record import DebateRecord, Round
from shoal.topologies.transfers.transfer import HandoffRecord, Passed
from tests.experiments.explaining.experiments import write_experiment
from tests.experiments.explaining.scene import TASK, event, message, model, span


def only(troubles: Troubles) -> Trouble:
    (found,) = troubles.found()
    return found


def call(
    step: int, *, tools: tuple[tuple[str, str], ...] = (), agent: str = "solver", message: str = ""
) -> ModelCall:
    """A recorded call that ended at its step's second."""
    wanted = tuple(ToolCall(id=f"c{step}", name=name, arguments=text) for name, text in tools)
    made: dict[str, Any] = {"agent": agent, "task": TASK, "sender": "team", "step": step, "at": float(step)}
    made["message"] = message
    return ModelCall(response=ChatResponse(text="" if wanted else "{}", tool_calls=wanted), **made)


def page_of(found: Failures) -> str:
    console = Console(width=100, record=True, file=StringIO())
    console.print(failures_page(found))
    return console.export_text()


def test_tasks_that_failed_alike_are_one_group_with_examples_and_texts() -> None:
    failed = [Outcome(f"t{n}", "failed", "BudgetExceeded", f"over by {n % 2}\nmore") for n in range(5)]
    found = group_failures("run", [Outcome("t9", "done"), *failed])
    (group,) = found.groups
    assert (group.error, group.times, group.tasks) == ("BudgetExceeded", 5, ("t0", "t1", "t2"))
    assert group.texts == ("over by 0", "over by 1")
    assert group.cause.category is Category.LIMITS
    assert found.states == {"done": 1, "failed": 5}
    assert found.by_category[Category.LIMITS] == 5


def test_the_largest_group_comes_first_and_states_are_told_apart() -> None:
    outcomes = [
        Outcome(
            "a", "failed", "HandlerError", "team raised shoal.topologies.errors.HandoffLoop on app:T: round"
        ),
        Outcome("b", "not_started"),
        Outcome("c", "not_started"),
        Outcome("d", "partial"),
        Outcome("e", "submitted"),
        Outcome("f", "failed", "HandlerError", "one raised ValueError on str: no"),
    ]
    found = group_failures("run", outcomes)
    assert (found.groups[0].state, found.groups[0].error) == ("not_started", "")
    by_error = {group.error or group.state: group.cause for group in found.groups}
    assert by_error["not_started"].category is Category.LIMITS
    assert by_error["partial"].category is Category.NOT_KNOWN
    assert by_error["submitted"].category is Category.INFRASTRUCTURE
    assert (by_error["HandoffLoop"].mode, by_error["HandoffLoop"].category) == (
        "FM-2.3",
        Category.MISALIGNMENT,
    )
    assert by_error["ValueError"].category is Category.NOT_KNOWN


def test_an_answer_that_was_asked_for_again_is_seen_in_the_steps() -> None:
    troubles = Troubles()
    troubles.of_calls([call(2), call(1), call(1, agent="other")])
    assert (only(troubles).kind, only(troubles).times, only(troubles).detail) == (
        "answer asked for again",
        1,
        "solver",
    )


def test_two_messages_that_are_answered_at_once_are_no_answer_that_was_asked_for_again() -> None:
    troubles = Troubles()
    troubles.of_calls(
        [call(1, message="a"), call(2, message="b"), call(2, message="c"), call(1, message="d")]
    )
    assert troubles.found() == []


def test_a_tool_called_three_times_with_the_same_arguments_is_a_repetition() -> None:
    troubles = Troubles()
    troubles.of_calls(
        [call(n, tools=(("look", '{"a": 1}'), ("look", f'{{"a": {n + 2}}}'))) for n in range(1, 4)]
    )
    found = only(troubles)
    assert (found.kind, found.times, found.cause.mode) == ("step repeated", 2, "FM-1.3")


def test_handlers_that_raised_or_were_tried_again_are_told() -> None:
    troubles = Troubles()
    troubles.of_messages([
        message("a", None, "local", "team", 0.0),
        message("b", "a", "team", "one", 0.0, outcome="handler_error"),
        message("c", "a", "team", "one", 0.0, attempt=3),
    ])  # fmt: skip
    assert {one.kind: one.times for one in troubles.found()} == {
        "handler raised": 1,
        "handled at another try": 1,
    }


def test_restarts_and_dead_letters_are_told_with_their_reason() -> None:
    troubles = Troubles()
    troubles.of_events([
        event("restarting", "one", 0.1, reason="killed"),
        event("dead_letter", "two", 0.2, TASK, reason="hop_limit", sender="one", detail="32 hops"),
        event("dead_letter", "two", 0.2, TASK, reason="handler_error"),
        event("started", "two", 0.3),
    ])  # fmt: skip
    found = {one.kind: one for one in troubles.found()}
    assert set(found) == {"restart", "dead letter: hop_limit"}
    assert (found["restart"].tasks, found["restart"].detail) == (0, "one: killed")
    assert found["dead letter: hop_limit"].cause.mode == "FM-2.3"


def test_failed_calls_retries_and_tools_are_read_off_the_spans() -> None:
    troubles = Troubles()
    troubles.of_spans([
        model("b", "one", 0.1, retries=2)._replace(outcome="rate_limited"),
        model("b", "one", 0.1, fallback=True),
        span("b", "one", "tool", "look", 0.2, outcome="BadArguments"),
        span("b", "one", "tool", "look", 0.2, outcome="somebody.Else"),
        span("b", "one", "board", "put", 0.2, outcome="Conflict"),
        span("b", "one", "effect", "mail", 0.2, outcome="unknown"),
    ])  # fmt: skip
    found = {one.kind: (one.times, one.cause.category, one.cause.mode) for one in troubles.found()}
    assert found == {
        "model: rate_limited": (1, Category.LIMITS, ""),
        "model retried": (2, Category.MODEL, ""),
        "model fell back": (1, Category.MODEL, ""),
        "tool: BadArguments": (1, Category.MISALIGNMENT, "FM-2.6"),
        "tool: somebody.Else": (1, Category.NOT_KNOWN, ""),
        "board: Conflict": (1, Category.MISALIGNMENT, "FM-2.5"),
    }


class Voted(FanOutResult):
    """A fan-out's record with a field of the user's, under a tag of its own."""

    answer: str | None = None
    place: int = 0


VOTED = Voted(answers={"a": 1}, missing={"b": "too late"}, dissent=("c",))
DEBATED = DebateRecord(
    answer="x", accepted=False, ended="rounds", rounds=(Round(number=1, draft="y", disagreements=("p", "q")),)
)
HANDED = HandoffRecord(
    answer="x", by="c", path=tuple(Passed(by=by, to=to, reason="r") for by, to in ("ab", "ba", "ac"))
)


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        (VOTED, {"member without a usable answer": 1, "members disagreed": 1}),
        (DEBATED, {"checker found good what a check refused": 2, "answer given without being accepted": 1}),
        (HANDED, {"handed back": 1}),
        (FanOutResult(answer="x", answers={"a": "x"}), {}),
    ],
)
def test_a_record_tells_of_disagreement_missing_members_and_bounces(
    answer: BaseModel, kinds: dict[str, int]
) -> None:
    troubles = Troubles()
    troubles.of_answer(TASK, data_of(encode(answer)[1]))
    assert {one.kind: one.times for one in troubles.found()} == kinds


@pytest.mark.parametrize(
    "answer",
    [
        {"rounds": [{"disagreements": 2}], "accepted": False},
        {"rounds": [1, 2, "x"], "path": ["a", "b", "a", [1]]},
        {"answers": {"x": "1"}, "missing": {"k": {"a": [1]}}, "dissent": [{"who": "y"}]},
        {**FanOutResult().model_dump(), "dissent": [{"who": "y"}]},
        {**DEBATED.model_dump(), "rounds": [{"disagreements": 2}]},
        {**HANDED.model_dump(), "path": [[1], {"by": 3}]},
        {"path": ["a", "b"], "rounds": 3, "missing": None, 5: 6},
        "a text",
        None,
    ],
)
def test_a_model_of_the_users_that_has_such_fields_is_no_record(answer: Any) -> None:
    troubles = Troubles()
    troubles.of_answer(TASK, answer)
    assert troubles.found() == []
    assert member_votes(answer) == {}


def test_a_fan_outs_record_tells_whose_answers_counted() -> None:
    record = Voted(answers={"a": 1, "b": 2}, missing={"c": "too late"}, dissent=("b",))
    assert member_votes(record.model_dump()) == {
        "a": "counted",
        "b": "another answer",
        "c": "missing: too late",
    }


def test_while_a_run_goes_on_what_has_no_end_is_no_failure() -> None:
    outcomes = [
        Outcome("a", "done"),
        Outcome("b", "submitted"),
        Outcome("c", "not_started", written=False),
        Outcome("d", "failed", "StepLimit", "x"),
    ]
    found = group_failures("run", outcomes, running=True)
    assert [group.error for group in found.groups] == ["StepLimit"]
    assert found.states == {"done": 1, "submitted": 1, "not_started": 1, "failed": 1}
    text = page_of(found)
    assert "run  running  4 tasks: 1 done, 1 under way, 1 to come, 1 failed" in text
    assert "shoal resume" not in text
    assert failures_record(found)["running"] is True


def test_tasks_of_a_killed_run_about_which_nothing_was_written_are_told_from_those_of_a_stopped_one() -> None:
    outcomes = [Outcome("a", "not_started", written=False), Outcome("b", "not_started")]
    cut, stopped = group_failures("run", outcomes).groups
    assert (cut.cause.category, stopped.cause.category) == (Category.INFRASTRUCTURE, Category.LIMITS)


def test_a_run_is_read_whole(run_dir: Path) -> None:
    with RunReader(run_dir) as reader:
        found = read_failures(reader)
    assert found.states == {"done": 2, "failed": 1}
    assert [(group.error, group.tasks) for group in found.groups] == [("ValueError", ("t-bad",))]
    assert {one.kind: one.times for one in found.troubles} == {"handler raised": 2}


def test_a_run_that_goes_on_and_one_that_was_killed_are_read_as_what_they_are(tmp_path: Path) -> None:
    path = write_experiment(tmp_path, tasks=5, ended=2, open_=1)
    with RunDirectory.open("made", root=tmp_path), RunReader(path) as reader:
        running = read_failures(reader)
    with RunReader(path) as reader:
        killed = read_failures(reader)
    states = {"done": 2, "submitted": 1, "not_started": 2}
    assert (running.tasks, running.states, running.groups) == (5, states, ())
    assert (killed.tasks, killed.states) == (5, states)
    assert [(group.state, group.tasks) for group in killed.groups] == [
        ("not_started", ("t3", "t4")),
        ("submitted", ("t2",)),
    ]


def test_a_task_that_the_budget_kept_from_its_end_failed_of_it_and_not_of_a_death(tmp_path: Path) -> None:
    path = write_experiment(tmp_path, tasks=1, ended=0, open_=1)
    result = Result(
        task="t0", case="t0", state=State.FAILED, error="BudgetExceeded", error_text="over", attempts=1
    )
    (path / "results.jsonl").write_text(f"{result.model_dump_json()}\n")
    with RunReader(path) as reader:
        (group,) = read_failures(reader).groups
    assert (group.state, group.error, group.cause.category) == ("failed", "BudgetExceeded", Category.LIMITS)


def test_an_answer_with_gaps_is_partial_as_in_the_results(tmp_path: Path) -> None:
    path = write_experiment(tmp_path, tasks=1, ended=1, open_=0, answer=FanOutResult(partial=True))
    with RunReader(path) as reader:
        assert read_failures(reader).states == {"partial": 1}


def test_the_page_names_category_mode_remedy_and_what_it_cannot_tell() -> None:
    outcomes = [Outcome("a", "failed", "StepLimit", "so many [steps]"), Outcome("b", "done")]
    text = page_of(group_failures("run", outcomes))
    assert "FM-1.5 unaware of termination conditions" in text
    assert "so many [steps]" in text
    assert "not known" in text
    troubles = Troubles()
    troubles.add("tool: [red]:ticket:", "[/]t", "one:ticket: [x]")
    odd = page_of(group_failures("run", [Outcome("[b]", "failed", "E[r]", "[/]")], troubles.found()))
    assert "[/]t one:ticket: [x]" in odd
    assert "tool: [red]:ticket:" in odd
    assert "none was begun" in page_of(group_failures("run", []))
    assert "all ended well" in page_of(group_failures("run", [Outcome("b", "done")]))


def test_the_record_is_json_with_all_that_is_known() -> None:
    troubles = Troubles()
    troubles.add("restart", None, "one: killed")
    record = json.loads(json.dumps(failures_record(group_failures("run", [Outcome("a", "failed", "StepLimit", "x")],
                                                                  troubles.found()))))  # fmt: skip
    assert record["failures"][0]["mode"] == "FM-1.5"
    assert record["troubles"][0]["category"] == "infrastructure"
    assert Text(record["failures"][0]["why"]).plain
