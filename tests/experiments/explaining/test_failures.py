"""Failures by cause: how tasks are put together, and which trouble is read off a run's records."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from shoal.actors.llm.recorded import ModelCall
from shoal.experiments.explaining.causes import Category
from shoal.experiments.explaining.failures import Failures, Outcome, group_failures
from shoal.experiments.explaining.failures_page import failures_page, failures_record
from shoal.experiments.explaining.failures_reading import read_failures
from shoal.experiments.explaining.troubles import Trouble, Troubles
from shoal.models.chat import ChatResponse, ToolCall
from shoal.runtime.journal.reader import RunReader
from tests.experiments.explaining.scene import TASK, event, message, model, span


def only(troubles: Troubles) -> Trouble:
    (found,) = troubles.found()
    return found


def call(step: int, *, tools: tuple[tuple[str, str], ...] = (), agent: str = "solver") -> ModelCall:
    """A recorded call that ended at its step's second."""
    wanted = tuple(ToolCall(id=f"c{step}", name=name, arguments=text) for name, text in tools)
    made: dict[str, Any] = {"agent": agent, "task": TASK, "sender": "team", "step": step, "at": float(step)}
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


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        ({"answers": {"a": 1}, "missing": {"b": "too late"}, "dissent": ["c"]},
         {"member without a usable answer": 1, "members disagreed": 1}),
        ({"rounds": [{"disagreements": ["x", "y"]}], "accepted": False},
         {"checker found good what a check refused": 2, "answer given without being accepted": 1}),
        ({"path": [{"by": "a", "to": "b"}, {"by": "b", "to": "a"}, {"by": "a", "to": "c"}]}, {"handed back": 1}),
        ({"path": ["a", "b"], "rounds": 3, "missing": None}, {}),
        ("a text", {}),
        (None, {}),
    ],
)  # fmt: skip
def test_an_answer_tells_of_disagreement_missing_members_and_bounces(
    answer: Any, kinds: dict[str, int]
) -> None:
    troubles = Troubles()
    troubles.of_answer(TASK, answer)
    assert {one.kind: one.times for one in troubles.found()} == kinds


def test_a_run_is_read_whole(run_dir: Path) -> None:
    with RunReader(run_dir) as reader:
        found = read_failures(reader)
    assert found.states == {"done": 2, "failed": 1}
    assert [(group.error, group.tasks) for group in found.groups] == [("ValueError", ("t-bad",))]
    assert {one.kind: one.times for one in found.troubles} == {"handler raised": 2}


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
