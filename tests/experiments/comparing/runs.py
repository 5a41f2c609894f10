"""Runs made up for tests: each team's scores, and what a task costs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shoal.experiments.comparing.team_run import TeamRun
from shoal.experiments.result import Result, State
from shoal.experiments.task import Task, task_id


def made(
    team: str,
    scores: Sequence[float | None],
    *,
    pattern: str = "",
    tokens: int = 100,
    usd: float = 0.0,
    priced: bool = False,
    took_s: float = 0.5,
    repeats: int = 1,
    **more: Any,
) -> TeamRun:
    """A run of so many cases, one a score; with repeats, that many scores a case in turn."""
    tasks, results = [], []
    for index, score in enumerate(scores):
        case, repeat = f"case-{index // repeats}", index % repeats + 1
        name = task_id(case, repeat)
        tasks.append(Task(task=name, case=case, repeat=repeat, input={"n": index // repeats}))
        results.append(
            Result(
                task=name,
                case=case,
                repeat=repeat,
                state=State.DONE,
                output="x",
                score=score,
                attempts=1,
                calls=1 if tokens else 0,
                input_tokens=tokens - tokens // 4,
                output_tokens=tokens // 4,
                usd=usd,
                priced=priced,
                submitted_at=float(index),
                ended_at=index + took_s,
                took_s=took_s,
                messages=2,
            )
        )
    run = TeamRun(
        team=team,
        tasks=tuple(tasks),
        results=tuple(results),
        run=f"triage-{team}",
        experiment="triage",
        pattern=pattern,
    )
    return run._replace(**more)


def single(scores: Sequence[float | None], **more: Any) -> TeamRun:
    """A lone agent's."""
    return made("single", scores, pattern="single", **more)


def right(count: int, cases: int) -> list[float]:
    """The first so many cases right."""
    return [1.0] * count + [0.0] * (cases - count)
