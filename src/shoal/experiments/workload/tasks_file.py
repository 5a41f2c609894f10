"""``tasks.jsonl``: the tasks of a run, written once before it starts, the same for every team and every resume."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from shoal.experiments.task import Task
from shoal.runtime.config import describe_invalid
from shoal.runtime.durable.errors import StoreBroken
from shoal.runtime.durable.sqlite_errors import describe_os_error


def write_tasks(path: Path, tasks: Iterable[Task]) -> None:
    """Write the file so that it is there as a whole or not at all, whatever dies. Raises ``StoreError``."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            fresh.touch(mode=0o600)  # as all files of a run: only whose run it is reads it
            with fresh.open("w", encoding="utf-8", newline="\n") as file:
                for task in tasks:
                    file.write(f"{task.model_dump_json()}\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as exc:
        raise describe_os_error(exc, path, "write") from exc


def read_tasks_file(path: Path) -> list[Task]:
    """The tasks of the file, in their order. Raises ``StoreError``; ``StoreBroken`` with the line for a damaged one."""
    tasks: list[Task] = []
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for line in file:
                tasks.append(Task.model_validate_json(line))
    except OSError as exc:
        raise describe_os_error(exc, path, "read") from exc
    except UnicodeDecodeError as exc:
        raise StoreBroken(f"{path} is damaged: {exc}", path=str(path)) from exc
    except ValidationError as exc:
        problem = describe_invalid(f"{path}:{len(tasks) + 1}", exc)
        raise StoreBroken(f"{problem}: it is damaged", path=str(path)) from exc
    return tasks


def _sync_folder(folder: Path) -> None:
    """Make the new name last a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
