"""What becomes of tasks, as data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shoal.runtime.codec import encode
from shoal.runtime.errors import (
    AgentDied,
    AgentStopped,
    AskTimeout,
    ConfigError,
    HandlerError,
    NotAMessage,
    Quarantined,
    ShoalError,
)
from shoal.runtime.failure import handler_error
from shoal.runtime.journal import TaskEnded, TaskEntry
from shoal.runtime.journal.ledger import as_json
from shoal.runtime.tasks import (
    check_task,
    died_on_the_way,
    failure,
    result_of,
    success,
    task_message_id,
    was_answered,
)


class Found(BaseModel):
    n: int


def entry(end: TaskEnded) -> TaskEntry:
    """The ledger's entry after this end."""
    return TaskEntry(
        end.task, end.state, "team", "int", b"", b"m" * 12, 2, end.tag, end.payload, end.error, end.text,
        as_json(end.details), 1.0, end.at,
    )  # fmt: skip


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_each_task_of_each_run_has_a_message_id_of_its_own(
    run: str, task: str, run_2: str, task_2: str
) -> None:
    same = (run, task) == (run_2, task_2)
    if "\0" not in run + run_2:
        assert (task_message_id(run, task) == task_message_id(run_2, task_2)) is same
    assert len(task_message_id(run, task)) == 12


@pytest.mark.parametrize("wrong", ["", "x" * 513, "\ud800", None, 3])
def test_what_cannot_be_a_tasks_id_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError):
        check_task(wrong)


@pytest.mark.parametrize("value", [None, 3, "text", [1, {"a": 2}], Found(n=3)])
def test_an_answer_is_read_from_the_ledger_as_it_was_given(value: object) -> None:
    result = result_of(entry(success("t", value, 2.0)), recorded=True)
    assert (result.value, result.error, result.attempts, result.recorded) == (value, None, 2, True)
    assert result.unwrap() == value


def test_an_answer_that_is_no_message_cannot_be_kept() -> None:
    with pytest.raises(NotAMessage):
        success("t", object(), 2.0)


@pytest.mark.parametrize(
    "error",
    [
        HandlerError("it broke", type="ValueError", agent="a", traceback="...", odd={1, 2}, big=2**70),
        AgentDied("it died"),
        AskTimeout("too slow"),
        ShoalError("\ud800"),
    ],
)
def test_an_error_is_read_from_the_ledger_as_the_same_class_and_text(error: ShoalError) -> None:
    result = result_of(entry(failure("t", error, 2.0)), recorded=False)
    assert type(result.error) is type(error)
    assert str(result.error) == str(error).encode(errors="backslashreplace").decode()
    assert result.error is not None
    assert result.error.details.get("type") == error.details.get("type")
    with pytest.raises(type(error)):
        result.unwrap()


def test_an_error_of_a_class_that_is_not_there_any_more_is_still_an_error() -> None:
    gone = TaskEnded("t", "failed", "", b"", "NoSuchError", "some text", {"text": 1, "x": 2}, 2.0)
    result = result_of(entry(gone), recorded=True)
    assert type(result.error) is ShoalError
    assert str(result.error) == "some text"


def test_a_task_that_was_given_up_has_an_error_that_says_so() -> None:
    tag, payload = encode(None)
    result = result_of(entry(TaskEnded("t", "abandoned", tag, payload, "", "", {}, 2.0)), recorded=True)
    assert str(result.error) == "task 't' is abandoned"


def test_only_a_death_makes_a_task_worth_another_attempt() -> None:
    below = handler_error(AgentDied("it died"), "front", "int")
    further = handler_error(below, "lead", "int")
    assert all(map(died_on_the_way, (AgentDied("it died"), below, further)))
    others = AskTimeout("late"), AgentStopped("gone"), Quarantined("again"), HandlerError("x", type="V")
    assert not any(map(died_on_the_way, others))
    assert was_answered(below)
    assert not was_answered(AgentDied("it died"))
