"""A function of the user as a scorer.

It may be slow, wait, or use things that are not made for several threads. So each function has one thread at a time,
and the loop goes on meanwhile; what takes too long is given up, and its thread left behind.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import threading
from collections.abc import Callable, Mapping
from typing import Any

from shoal.experiments.scoring.errors import ScorerFailed
from shoal.experiments.scoring.part import Part, Unclear, judged_part
from shoal.experiments.scoring.scorer import Judged, Scorer
from shoal.experiments.scoring.spec import UseSpec
from shoal.experiments.task import Task

_GIVES = "give a bool, a number from 0 to 1, or {'score': ..., 'why': ...}"


class Used(Scorer):
    """Calls ``function(output, expected, task)``, or ``function(output, expected)``.

    ``output`` is the whole answer, unless the spec names a field of it. What the function raises, or returns beside
    what it may, is a :class:`ScorerFailed`; ``None`` is no score.
    """

    needs_expected = False

    def __init__(self, function: Callable[..., Any], spec: UseSpec, answer: str | None = None) -> None:
        super().__init__(spec.function, field=spec.field, answer=answer)
        self._function = function
        self._timeout_s = spec.timeout_s
        self._takes_task = takes(function, 3)
        self._one_at_a_time = threading.Lock()

    def part_score(self, part: Any, expected: Any) -> float:
        raise AssertionError("it judges whole tasks")

    async def judge(self, output: Any, task: Task) -> Judged:
        """Waits for async functions, and runs others in a thread."""
        limit = asyncio.timeout(self._timeout_s)
        try:
            async with limit:
                if inspect.iscoroutinefunction(_called(self._function)):
                    found = await self._call(output, task)
                else:
                    found = await _in_thread(self._call_alone, output, task)
                    if inspect.isawaitable(found):
                        found = await found
            return self._read(found, task)
        except ScorerFailed as exc:
            return Judged(None, str(exc), failed=True)
        except Exception as exc:
            late = limit.expired()
            error = (
                self.failed(task, f"took longer than {self._timeout_s:g} s")
                if late
                else self._raised(exc, task)
            )
            return Judged(None, str(error), failed=True)

    def _judged(self, output: Any, task: Task) -> Judged:
        try:
            found = self._call_alone(output, task)
            if inspect.isawaitable(found):
                found = _waited_for(found)
        except ScorerFailed:
            raise
        except Exception as exc:
            raise self._raised(exc, task) from exc
        return self._read(found, task)

    def _call_alone(self, output: Any, task: Task) -> Any:
        with self._one_at_a_time:
            return self._call(output, task)

    def _call(self, output: Any, task: Task) -> Any:
        part: Part | None = Part(output)
        if self.field is not None:
            part = judged_part(output, task.expected, self.field, self.answer)
            if part is None:
                return {"score": 0, "why": "the answer has not the field that is judged"}
        assert part is not None
        given = (part.value, task.expected, task) if self._takes_task else (part.value, task.expected)
        return self._function(*given)

    def _raised(self, exc: Exception, task: Task) -> ScorerFailed:
        if isinstance(exc, Unclear):
            return self.failed(task, f"cannot tell what to judge: {exc}")
        return self.failed(task, f"raised {type(exc).__name__}: {exc}")

    def _read(self, found: Any, task: Task) -> Judged:
        score, why = (found.get("score"), found.get("why", "")) if isinstance(found, Mapping) else (found, "")
        if score is None:
            return Judged(None, str(why) or "the scorer gave none")
        try:
            number = float(score)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if isinstance(score, str | bytes) or not 0 <= number <= 1:
            raise self.failed(task, f"gave {score!r}: {_GIVES}")
        return Judged(number, str(why))


def takes(function: Callable[..., Any], count: int) -> bool:
    """Whether it can be called with so many arguments."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # of a built-in function nobody knows
        return count == 2
    return True


def _called(function: Callable[..., Any]) -> Callable[..., Any]:
    """What says whether it is async: of an object that can be called, its ``__call__``."""
    return function if inspect.isroutine(function) else type(function).__call__


async def _in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """In a daemon thread of its own: one that never comes back must not hold up the program's end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[tuple[Exception | None, Any]] = loop.create_future()

    def settle(outcome: tuple[Exception | None, Any]) -> None:
        if not done.done():
            done.set_result(outcome)

    def run() -> None:
        try:
            outcome: tuple[Exception | None, Any] = (None, function(*args))
        except Exception as exc:
            outcome = (exc, None)
        except BaseException as exc:  # SystemExit must not end the experiment
            outcome = (RuntimeError(type(exc).__name__), None)
        try:
            loop.call_soon_threadsafe(settle, outcome)
        except RuntimeError:  # the loop was closed meanwhile: nobody waits
            return

    threading.Thread(target=run, name="shoal-scorer", daemon=True).start()
    error, value = await done
    if error is not None:
        raise error
    return value


def _waited_for(awaitable: Any) -> Any:
    """The outcome of an async function, for a caller that is not async, whether or not a loop runs here."""
    outcome: list[Any] = []

    async def wait() -> Any:
        return await awaitable

    def run() -> None:
        try:
            outcome.append(asyncio.run(wait()))
        except Exception as exc:
            outcome.append(exc)

    thread = threading.Thread(target=run, name="shoal-scorer", daemon=True)
    thread.start()
    thread.join()
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]
