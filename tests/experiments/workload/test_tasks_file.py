from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoal.experiments.task import Task
from shoal.experiments.workload.tasks_file import read_tasks_file, write_tasks
from shoal.runtime.durable.errors import StoreBroken
from shoal.runtime.errors import ShoalError

TASKS = [
    Task(task="a", case="a", input={"text": "Grüße\u2028\n"}, expected=[1, None], source="t.jsonl:1"),
    Task(task="a#2", case="a", repeat=2, input="x"),
]


def test_tasks_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    write_tasks(path, TASKS)
    assert read_tasks_file(path) == TASKS
    assert [one.name for one in tmp_path.iterdir()] == ["tasks.jsonl"]


def test_a_writing_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    def breaks() -> Iterator[Task]:
        yield TASKS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_tasks(tmp_path / "tasks.jsonl", breaks())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", [b"{", b'{"task": 5}', b"\xff", b""])
def test_a_damaged_file_is_told_with_its_line(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "tasks.jsonl"
    write_tasks(path, TASKS)
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(StoreBroken, match="tasks.jsonl" if line == b"\xff" else "tasks.jsonl:3: "):
        read_tasks_file(path)


def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ShoalError, match="cannot read"):
        read_tasks_file(tmp_path / "tasks.jsonl")
    with pytest.raises(ShoalError, match="cannot write"):
        write_tasks(tmp_path / "nowhere" / "tasks.jsonl", TASKS)


def test_only_whose_run_it_is_reads_its_tasks(tmp_path: Path) -> None:
    write_tasks(tmp_path / "tasks.jsonl", [])
    assert stat.S_IMODE((tmp_path / "tasks.jsonl").stat().st_mode) == 0o600
