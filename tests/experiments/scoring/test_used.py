from __future__ import annotations

import asyncio
import re
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from shoal.experiments.scoring.errors import ScorerFailed
from shoal.experiments.scoring.scorer import Judged, Scorer
from shoal.experiments.scoring.used import Used
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
        (lambda *_: {"scor": 1}, "gave {'scor': 1}: give a bool, a number from 0 to 1, or"),
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


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


class NoNumber:
    def __float__(self) -> float:
        raise SystemExit(3)


ERRORS = [TimeoutError("of its own"), StopIteration(), SystemExit(3), KeyboardInterrupt(), Mute()]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
async def test_an_error_of_any_class_ends_neither_the_run_nor_in_silence(error: BaseException) -> None:
    def fails(output: Any, expected: Any) -> Any:
        raise error

    judged = await used(fails).judge("a", task_of("a"))
    assert (judged.score, judged.failed) == (None, True)
    assert f"raised {type(error).__name__}" in judged.why.replace("RuntimeError: ", "")
    with pytest.raises(ScorerFailed, match="raised"):
        used(fails).score("a", task_of("a"))


@pytest.mark.parametrize("error", [SystemExit(3), Mute()], ids=lambda error: type(error).__name__)
async def test_neither_does_one_of_an_async_function(error: BaseException) -> None:
    async def fails(output: Any, expected: Any) -> Any:
        raise error

    judged = await used(fails).judge("a", task_of("a"))
    assert (judged.score, judged.failed) == (None, True)
    assert f"raised {type(error).__name__}" in judged.why
    with pytest.raises(ScorerFailed, match=f"raised {type(error).__name__}"):
        used(fails).score("a", task_of("a"))


async def test_what_raises_when_it_is_read_has_failed_as_well() -> None:
    judged = await used(lambda *_: NoNumber()).judge("a", task_of("a"))
    assert judged == Judged(
        None, f"task t1: the scorer judges:fair raised SystemExit: 3 ({where(judged.why)})", True
    )
    with pytest.raises(ScorerFailed, match="raised SystemExit"):
        used(lambda *_: NoNumber()).score("a", task_of("a"))


async def test_an_error_is_told_with_its_place() -> None:
    judged = await used(raises).judge("a", task_of("a"))
    assert where(judged.why) == f"test_used.py:{raises.__code__.co_firstlineno + 1}"
    assert where((await used(divmod).judge("a", task_of("b"))).why) == ""


def where(why: str) -> str:
    """The file and the line at its end."""
    found = re.search(r"\((\w+\.py:\d+)\)$", why)
    return found[1] if found else ""


async def test_a_function_that_never_comes_back_is_given_up() -> None:
    forever = threading.Event()
    judged = await used(lambda *_: forever.wait(), timeout_s=0.01).judge("a", task_of("a"))
    forever.set()
    assert judged == Judged(None, "task t1: the scorer judges:fair took longer than 0.01 s", failed=True)


def test_a_function_that_never_comes_back_is_given_up_by_those_who_are_not_async_too() -> None:
    forever = threading.Event()

    async def waits(output: Any, expected: Any) -> Any:
        await asyncio.to_thread(forever.wait)

    for function in (lambda *_: forever.wait(), waits):
        with pytest.raises(ScorerFailed, match=r"took longer than 0\.01 s"):
            used(function, timeout_s=0.01).score("a", task_of("a"))
    forever.set()


async def test_a_function_that_never_comes_back_for_one_answer_judges_the_others() -> None:
    forever = threading.Event()

    def stuck(output: Any, expected: Any) -> bool:
        return forever.wait() if output == "stuck" else True

    scorer = used(stuck, timeout_s=1)
    found = await asyncio.gather(*(scorer.judge(one, task_of("a")) for one in ("a", "stuck", "b", "c")))
    assert [one.score for one in found] == [1, None, 1, 1]
    assert scorer.score("d", task_of("a")) == 1
    forever.set()


async def test_a_judgements_time_begins_with_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    limited = threading.Semaphore(0)
    begin = Used._begin

    def begins(self: Used, limit: asyncio.Timeout) -> None:
        begin(self, limit)
        happened.append("begins")
        limited.release()

    def judges(output: Any, expected: Any) -> bool:
        limited.acquire()
        happened.append(output)
        return True

    monkeypatch.setattr(Used, "_begin", begins)
    scorer = used(judges)
    await asyncio.gather(*(scorer.judge(one, task_of("a")) for one in "abc"))
    assert happened == ["begins", "a", "begins", "b", "begins", "c"]


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
