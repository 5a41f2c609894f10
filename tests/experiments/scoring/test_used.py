from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from shoal.experiments.scoring.errors import ScorerFailed
from shoal.experiments.scoring.scorer import Judged, Scorer
from shoal.experiments.task import Task
from tests.experiments.scoring.judging import scorer_of, task_of


def used(function: Callable[..., Any], **settings: Any) -> Scorer:
    return scorer_of({"use": {"function": "judges:fair", **settings}}, answer=None, fair=function)


def by_task(output: Any, expected: Any, task: Task) -> Any:
    return output == expected and task.task == "t1"


def by_answer(output: Any, expected: Any) -> Any:
    return output == expected


async def by_waiting(output: Any, expected: Any) -> Any:
    await asyncio.sleep(0)
    return {"score": 0.5, "why": "half of it"}


class Judge:
    async def __call__(self, output: Any, expected: Any, task: Task) -> Any:
        return 0.25


@pytest.mark.parametrize(
    ("function", "judged"),
    [
        (by_task, Judged(1.0)),
        (by_answer, Judged(1.0)),
        (by_waiting, Judged(0.5, "half of it")),
        (Judge(), Judged(0.25)),
        (partial(by_waiting), Judged(0.5, "half of it")),
        (lambda *_: None, Judged(None, "the scorer gave none")),
        (lambda *_: {"score": None, "why": "no telling"}, Judged(None, "no telling")),
    ],
)
async def test_a_function_judges_whether_or_not_it_is_async(
    function: Callable[..., Any], judged: Judged
) -> None:
    assert await used(function).judge("a", task_of("a")) == judged
    assert used(function).score("a", task_of("a")) == judged.score


async def test_a_field_of_the_answer_can_be_named() -> None:
    scorer = used(by_answer, field="label")
    assert (await scorer.judge({"label": "a", "b": 1}, task_of("a"))).score == 1
    assert await scorer.judge({"b": 1}, task_of("a")) == Judged(
        0.0, "the answer has not the field that is judged"
    )
    assert (await used(by_answer).judge({"label": "a"}, task_of({"label": "a"}))).score == 1


def raises(output: Any, expected: Any) -> Any:
    raise KeyError("label")


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (raises, "raised KeyError: 'label'"),
        (lambda *_: 2, "gave 2: give a bool, a number from 0 to 1, or"),
        (lambda *_: float("nan"), "gave nan: "),
        (lambda *_: "1", "gave '1': "),
        (lambda *_: {"score": -1}, "gave -1: "),
    ],
)
async def test_a_function_that_fails_leaves_the_task_without_a_score_and_says_why(
    function: Callable[..., Any], problem: str
) -> None:
    judged = await used(function).judge("a", task_of("a"))
    assert (judged.score, judged.failed) == (None, True)
    assert judged.why.startswith(f"task t1: the scorer judges:fair {problem}")
    with pytest.raises(ScorerFailed, match="task t1: the scorer judges:fair"):
        used(function).score("a", task_of("a"))


@pytest.mark.parametrize("error", [TimeoutError("of its own"), StopIteration(), SystemExit(3)], ids=repr)
async def test_an_error_of_any_class_ends_neither_the_run_nor_in_silence(error: BaseException) -> None:
    def fails(output: Any, expected: Any) -> Any:
        raise error

    judged = await used(fails).judge("a", task_of("a"))
    assert (judged.score, judged.failed) == (None, True)
    assert "raised" in judged.why


async def test_a_function_that_never_comes_back_is_given_up() -> None:
    forever = threading.Event()
    judged = await used(lambda *_: forever.wait(), timeout_s=0.01).judge("a", task_of("a"))
    forever.set()
    assert judged == Judged(None, "task t1: the scorer judges:fair took longer than 0.01 s", failed=True)


async def test_a_function_is_called_once_at_a_time_and_the_loop_goes_on() -> None:
    inside = 0
    most = 0

    def counts(output: Any, expected: Any) -> bool:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        sys.getsizeof(output)
        inside -= 1
        return True

    scorer = used(counts)
    found = await asyncio.gather(*(scorer.judge("a", task_of("a")) for _ in range(50)))
    assert {one.score for one in found} == {1.0}
    assert most == 1
