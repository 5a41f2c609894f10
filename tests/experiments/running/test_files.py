"""Files of a run: whole or not there, and under which circumstances it was made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shoal.experiments.result import Result, State
from shoal.experiments.running.environment import git_of, this_session, used_packages
from shoal.experiments.running.files import Lines, write_json, write_lines
from shoal.runtime.durable.errors import StoreError


def result(name: str) -> Result:
    return Result(task=name, case=name, state=State.DONE)


def test_a_file_that_is_not_finished_leaves_the_old_one_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    write_lines(path, [result("a")])
    before = path.read_text()
    results = (result(name) if name else 1 / 0 for name in ("b", ""))
    with pytest.raises(ZeroDivisionError):
        write_lines(path, results)  # type: ignore[arg-type]
    assert path.read_text() == before
    assert [each.name for each in tmp_path.iterdir()] == ["results.jsonl"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_lines_are_there_as_soon_as_they_are_added(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    write_lines(path, [result("a")])
    lines = Lines(path)
    lines.add(result("b"))
    assert [Result.model_validate_json(line).task for line in path.read_text().splitlines()] == ["a", "b"]
    lines.close()
    lines.close()


def test_what_cannot_be_written_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for write in (lambda path: write_json(path, {}), Lines):
        with pytest.raises(StoreError, match="file"):
            write(tmp_path / "file" / "summary.json")


def test_a_session_names_versions_of_what_the_program_has_imported() -> None:
    assert {"pydantic", "pytest"} <= used_packages(sys.modules).keys()
    session = this_session(Path.cwd(), resumed=True, now=5.0)
    assert (session.started_at, session.resumed) == (5.0, True)
    assert session.python.startswith(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert session.host
    assert session.cpus >= 1


def test_the_commit_of_the_folder_is_known_and_whether_it_was_changed_since(tmp_path: Path) -> None:
    assert git_of(tmp_path) is None
    assert git_of(tmp_path / "missing") is None
    who = ["-c", "user.name=t", "-c", "user.email=t@t"]
    for command in (["init", "-q"], [*who, "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    clean = git_of(tmp_path)
    assert clean is not None
    assert (len(clean.commit), clean.dirty) == (40, False)
    (tmp_path / "new").write_text("x")
    dirty = git_of(tmp_path)
    assert dirty is not None
    assert dirty.dirty
