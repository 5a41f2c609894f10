"""A run of an experiment, to read: what compare, report, trace and why are made of. Changes nothing."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shoal.experiments.errors import NotAnExperiment
from shoal.experiments.layout import (
    ENVIRONMENT_FILE,
    EXPERIMENT_FILE,
    RESULTS_FILE,
    SUMMARY_FILE,
    TASKS_FILE,
    TEAM_FILE,
)
from shoal.experiments.result import Result
from shoal.experiments.task import Task
from shoal.runtime.config import describe_invalid
from shoal.runtime.durable.errors import StoreBroken
from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.journal.run_directory import find_directory, runs_root

M = TypeVar("M", bound=BaseModel)


class ExperimentRun:
    """A run directory that an experiment made, whether it runs, was interrupted or came to its end."""

    def __init__(self, path: Path) -> None:
        """Raises :class:`RunNotFound`, :class:`NotAnExperiment`, :class:`StoreError`."""
        self.path = path
        self.reader = RunReader(path)
        if not (path / EXPERIMENT_FILE).exists():
            self.reader.close()
            raise NotAnExperiment(
                f"run {path.name!r} was made by a program, not by an experiment: `shoal show {path.name}` shows it",
                run=path.name,
            )

    @property
    def id(self) -> str:
        """The run's name."""
        return self.path.name

    @property
    def name(self) -> str:
        """The experiment's name."""
        return str(self.spec.get("name") or self.id)

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The experiment as it was run."""
        return self._json(EXPERIMENT_FILE)

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Versions, platform, seed."""
        return self._json(ENVIRONMENT_FILE)

    @cached_property
    def team(self) -> dict[str, Any]:
        """The team's graph, as ``Topology.describe`` gives it; empty when it was never built."""
        return self._json(TEAM_FILE)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The results in numbers; empty when the run never came to write them."""
        return self._json(SUMMARY_FILE)

    def is_put_together(self) -> bool:
        """Whether the results are those of the last program that worked on it, with what tasks cost.

        While a program works on a run there are results of what has ended, without costs, messages and the rest of the
        tasks; at its end, all are written anew, and the summary behind them. One that was killed did not come to that.
        """
        sessions = len(self.reader.sessions())
        return bool(self.summary) and self.summary.get("sessions", sessions) == sessions

    def tasks(self) -> Iterator[Task]:
        """What is to be done, in the workload's order."""
        return self._lines(TASKS_FILE, Task)

    def results(self) -> Iterator[Result]:
        """What became of it, as the program last wrote it down."""
        try:
            yield from self._lines(RESULTS_FILE, Result)
        except StoreBroken as error:
            raise StoreBroken(f"{error.text}; {self.resume_words} writes it anew", **error.details) from error

    @property
    def resume_words(self) -> str:
        """The command that goes on with it, for a sentence."""
        named = self.id if self.path.parent == runs_root() else str(self.path)
        return f"`shoal resume {shlex.quote(named)}`"

    def close(self) -> None:
        """Let go of the files. Closing twice is fine."""
        self.reader.close()

    def __enter__(self) -> ExperimentRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _json(self, file: str) -> dict[str, Any]:
        path = self.path / file
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as exc:
            raise describe_os_error(exc, path, "read") from exc
        except ValueError as exc:
            raise StoreBroken(f"{path} is damaged: {exc}", path=str(path)) from exc
        if not isinstance(found, dict):
            raise StoreBroken(f"{path} is damaged: it holds no object", path=str(path))
        return found

    def _lines(self, file: str, kind: type[M]) -> Iterator[M]:
        path = self.path / file
        try:
            with path.open(encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    try:
                        yield kind.model_validate_json(line)
                    except ValidationError as exc:
                        problem = describe_invalid(f"{path}:{number}", exc)
                        raise StoreBroken(f"{problem}: it is damaged", path=str(path)) from exc
        except FileNotFoundError:
            return
        except OSError as exc:
            raise describe_os_error(exc, path, "read") from exc
        except UnicodeDecodeError as exc:
            raise StoreBroken(f"{path} is damaged: {exc}", path=str(path)) from exc


def open_experiment(run: Path | str, *, root: Path | str | None = None) -> ExperimentRun:
    """The run of this name, or in this directory. Raises as :class:`ExperimentRun`."""
    return ExperimentRun(find_directory(run, root=root))
