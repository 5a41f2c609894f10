"""What is said at the end of a session, and how to go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoal.experiments.result import Result, State
from shoal.experiments.running.closing import closing_page, resume_command
from shoal.experiments.running.outcome import Ending, Outcome
from shoal.experiments.running.summary import Circumstances, summary_of

ROOT = Path("runs")


def stopped(*states: State, unjudged: int = 0) -> Outcome:
    results = [
        Result(task=f"t{n}", case=f"t{n}", state=state, ended_at=None if state is State.NOT_STARTED else 1.0)
        for n, state in enumerate(states)
    ]
    summary = summary_of(results, Circumstances(unjudged=unjudged))
    return Outcome("mine", ROOT / "mine", Ending.STOPPED, summary)


@pytest.mark.parametrize(
    ("states", "retried", "more"),
    [
        ((State.DONE, State.FAILED, State.NOT_STARTED), True, " --retry-failed"),
        ((State.DONE, State.FAILED, State.NOT_STARTED), False, ""),
        ((State.DONE, State.NOT_STARTED, State.NOT_STARTED), True, ""),
    ],
)
def test_who_did_failed_tasks_again_goes_on_with_those_that_are_left(
    states: tuple[State, ...], retried: bool, more: str
) -> None:
    how = f"shoal resume mine --root runs{more}"
    assert resume_command(stopped(*states), ROOT, retry_failed=retried) == how
    said = [line.plain for line in closing_page(stopped(*states), ROOT, retry_failed=retried)]
    assert f"resume with {how}" in said


def test_answers_that_a_stop_left_unjudged_are_told_with_how_to_go_on() -> None:
    outcome = stopped(State.DONE, State.DONE, unjudged=2)
    said = [line.plain for line in closing_page(outcome, ROOT)]
    assert "score       2 answers not judged yet" in said
    assert (outcome.complete, "resume with shoal resume mine --root runs" in said) == (False, True)
