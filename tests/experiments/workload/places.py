"""Workloads for the tests: files in a folder, and what reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shoal.experiments.errors import BadWorkload
from shoal.experiments.task import Task
from shoal.experiments.workload.reading import read_tasks
from shoal.experiments.workload.spec import WorkloadSpec


class Names:
    """Imports of a test: names to objects."""

    def __init__(self, **names: Any) -> None:
        self._names = names

    def find(self, name: str, field: str) -> Any:
        return self._names[name.partition(":")[2]]


def tasks_of(folder: Path, tasks: Any, *, seed: int = 0, repeats: int = 1, **spec: Any) -> list[Task]:
    """The tasks of a workload in a folder."""
    names: dict[str, Any] = spec.pop("names", {})
    made = WorkloadSpec(tasks=tasks, **spec)
    return read_tasks(made, folder, Names(**names), seed=seed, repeats=repeats)


def problems_of(folder: Path, tasks: Any, **spec: Any) -> list[str]:
    """What is wrong with one that is refused, a line each."""
    with pytest.raises(BadWorkload) as refused:
        tasks_of(folder, tasks, **spec)
    found: list[str] = refused.value.details["problems"]
    return found
