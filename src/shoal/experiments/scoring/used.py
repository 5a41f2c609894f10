"""A function of the user as a scorer.

It may be slow, wait, or use things that are not made for several threads. So a function is called in a thread, once at
a time, and the loop goes on meanwhile; what takes too long is given up, and its thread left behind. An async function
runs in the loop, and there is no limit for one that does not wait.
"""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

from shoal.experiments.scoring.errors import ScorerFailed
from shoal.experiments.scoring.one_at_a_time import OneAtATime
from shoal.experiments.scoring.part import Part, Unclear, judged_part
from shoal.experiments.scoring.scorer import Judged, Scorer
from shoal.experiments.scoring.spec import UseSpec
from shoal.experiments.task import Task
from shoal.experiments.theirs import place_in_brackets, text_of

_GIVES = "give a bool, a number from 0 to 1, or {'score': ..., 'why': ...}"


class Used(Scorer):
    """Calls ``function(output, expected, task)``, or ``function(output, expected)``.

    ``output`` is the whole answer, unless the spec names a field of it. What the function raises, or returns beside
    what it may, is a :class:`ScorerFailed`; ``None`` is no score, and no failure.
    """

    needs_expected = False
    at_once = False

    def __init__(self, function: Callable[..., Any], spec: UseSpec, answer: str | None = None) -> None:
        super().__init__(spec.function, field=spec.field, answer=answer)
        self._function = function
        self._timeout_s = spec.timeout_s
        self._takes_task = takes(function, 3)
        self._calls = OneAtATime("shoal-scorer")

    def part_score(self, part: Any, expected: Any) -> float:
        raise AssertionError("it judges whole tasks")

    async def judge(self, output: Any, task: Task) -> Judged:
        """Waits for async functions, and runs others in a thread."""
        limit = asyncio.timeout(None)
        try:
            async with limit:
                if inspect.iscoroutinefunction(_called(self._function)):
                    self._begin(limit)
                    found = await self._call(output, task)
                else:
                    found = await self._made(limit, output, task)
            return self._read(found, task)
        except ScorerFailed as exc:
            return Judged(None, str(exc), failed=True)
        except (Exception, SystemExit) as exc:
            error = self._late(task) if limit.expired() else self._raised(exc, task)
            return Judged(None, str(error), failed=True)

    async def _made(self, limit: asyncio.Timeout, output: Any, task: Task) -> Any:
        """What the function gives. Its time begins with its turn: those before it are not its fault."""
        call = self._calls.put(self._call, output, task)
        try:
            await asyncio.wrap_future(call.begun)
            self._begin(limit)
            error, found = await asyncio.wrap_future(call.outcome)
            if error is not None:
                raise error
            return await found if inspect.isawaitable(found) else found
        finally:
            self._calls.give_up(call)

    def _begin(self, limit: asyncio.Timeout) -> None:
        limit.reschedule(asyncio.get_running_loop().time() + self._timeout_s)

    def _judged(self, output: Any, task: Task) -> Judged:
        call = self._calls.put(self._call_and_wait, output, task)
        try:
            call.begun.result()
            error, found = call.outcome.result(self._timeout_s)
            if error is not None:
                raise self._raised(error, task) from error
            return self._read(found, task)
        except TimeoutError as exc:
            raise self._late(task) from exc
        except ScorerFailed:
            raise
        except (Exception, SystemExit) as exc:  # of what it returned
            raise self._raised(exc, task) from exc
        finally:
            self._calls.give_up(call)

    def _call_and_wait(self, output: Any, task: Task) -> Any:
        found = self._call(output, task)

        async def wait() -> Any:
            return await found

        return asyncio.run(wait()) if inspect.isawaitable(found) else found

    def _call(self, output: Any, task: Task) -> Any:
        part: Part | None = Part(output)
        if self.field is not None:
            part = judged_part(output, task.expected, self.field, self.answer)
            if part is None:
                return {"score": 0, "why": "the answer has not the field that is judged"}
        assert part is not None
        given = (part.value, task.expected, task) if self._takes_task else (part.value, task.expected)
        return self._function(*given)

    def _late(self, task: Task) -> ScorerFailed:
        return self.failed(task, f"took longer than {self._timeout_s:g} s")

    def _raised(self, exc: BaseException, task: Task) -> ScorerFailed:
        if isinstance(exc, Unclear):
            return self.failed(task, f"cannot tell what to judge: {exc}")
        return self.failed(task, f"raised {text_of(exc)}{place_in_brackets(exc)}")

    def _read(self, found: Any, task: Task) -> Judged:
        if isinstance(found, Mapping) and "score" not in found:
            raise self.failed(task, f"gave {dict(found)!r:.200}: {_GIVES}")
        score, why = (found["score"], found.get("why", "")) if isinstance(found, Mapping) else (found, "")
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
