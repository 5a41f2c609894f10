"""What every scorer is.

A scorer gives a number from 0 (wrong) to 1 (right) for an answer. It is pure, but for patterns and functions of the
user. What it cannot judge is no wrong answer: it raises :class:`ScorerFailed`, and :meth:`Scorer.judge` makes of it no
score and the reason, so that one broken judgement neither ends a run nor is lost.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from shoal.experiments.scoring.errors import CannotJudge, ScorerFailed
from shoal.experiments.scoring.part import Unclear, judged_part
from shoal.experiments.task import Task
from shoal.experiments.theirs import text_of


class Judged(NamedTuple):
    """What became of judging an answer."""

    score: float | None
    """From 0 to 1; ``None``: there is nothing to judge it by, or the scorer failed, which ``failed`` says."""
    why: str = ""
    """The reason, where there is one to give."""
    failed: bool = False
    """Whether the scorer failed: a note for whoever runs the experiment."""


class Scorer(ABC):
    """Judges answers. ``field`` and ``answer``: which part of an answer counts (see :mod:`.part`)."""

    needs_expected = True
    """Whether a task without an expected answer has no score."""
    at_once = True
    """Whether it judges without being waited for: whoever stops a run still gets its scores."""

    def __init__(self, name: str, *, field: str | None = None, answer: str | None = None) -> None:
        self.name = name
        """As the experiment names it."""
        self.field = field
        self.answer = answer

    def score(self, output: Any, task: Task) -> float | None:
        """How right an answer (a JSON value) is, from 0 to 1; ``None``: the task does not say what is right.

        Raises :class:`ScorerFailed`.
        """
        return self._judged(output, task).score

    async def judge(self, output: Any, task: Task) -> Judged:
        """The same with its reason, not holding up the loop. Tells of :class:`ScorerFailed`, and does not raise it."""
        return self._told(output, task)

    def problem_of(self, expected: Any) -> str:
        """Why an expected answer can never be met, which is told before the run; empty when it can."""
        return ""

    @abstractmethod
    def part_score(self, part: Any, expected: Any) -> float | tuple[float, str]:
        """The score of the part of the answer that counts, or score and reason. Raises :class:`CannotJudge`."""

    def failed(self, task: Task, what: str) -> ScorerFailed:
        """The error of a judgement that could not be made."""
        return ScorerFailed(
            f"task {task.task}: the scorer {self.name} {what}", task=task.task, scorer=self.name
        )

    def _told(self, output: Any, task: Task) -> Judged:
        try:
            return self._judged(output, task)
        except ScorerFailed as exc:
            return Judged(None, str(exc), failed=True)

    def _judged(self, output: Any, task: Task) -> Judged:
        if task.expected is None and self.needs_expected:
            return Judged(None, "there is no expected answer")
        try:
            part = judged_part(output, task.expected, self.field, self.answer)
            if part is None:
                return Judged(0.0, "the answer has not the field that is judged")
            found = self.part_score(part.value, task.expected)
        except Unclear as exc:
            raise self.failed(task, f"cannot tell what to judge: {exc}") from exc
        except CannotJudge as exc:
            raise self.failed(task, str(exc)) from exc
        except RecursionError as exc:
            raise self.failed(task, "met an answer that is nested too deep") from exc
        except Exception as exc:
            raise self.failed(task, f"raised {text_of(exc)}") from exc
        score, why = found if isinstance(found, tuple) else (found, "")
        return Judged(score, why)
