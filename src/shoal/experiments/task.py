"""A task of an experiment: one case of its workload, once. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Task(BaseModel):
    """A line of ``tasks.jsonl``: what is done, the same for every team that is compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    """Its id in the run: the case's, and for the second repeat of it ``<case>#2``."""
    case: str
    """The id of the case in the workload; its repeats share it."""
    repeat: int = 1
    """Which of its repeats, from 1."""
    input: Any
    """What the team is asked, as JSON."""
    expected: Any = None
    """What a right answer is, where the workload says; ``None``: it does not."""
    source: str = ""
    """Where the case comes from, as ``tickets.jsonl:17``."""


def task_id(case: str, repeat: int) -> str:
    """The id of a case's repeat."""
    return case if repeat == 1 else f"{case}#{repeat}"
