from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from shoal.runtime.durable import StoreBroken, StoreFull, StoreNewer
from shoal.runtime.errors import ConfigError
from shoal.runtime.journal import (
    RunDirectory,
    RunExists,
    RunInUse,
    RunNotFound,
    RunUnwritable,
    find_directory,
    find_run,
    generate_run_id,
    manifest,
    open_run,
    runs_root,
)
from shoal.runtime.journal.run_lock import RunLock, holder_of

NOW = 1_800_000_000.0


def test_a_new_run_says_what_is_needed_to_start_it_again(tmp_path: Path) -> None:
    settings = {"mailbox": 64}
    with RunDirectory.create(
        "audit-1", root=tmp_path, argv=["program.py", "--fast"], cwd="/work", settings=settings, now=NOW
    ) as made:
        assert made.path == tmp_path / "audit-1"
        assert made.journal_path == made.path / "journal.db"
    with RunDirectory.open("audit-1", root=tmp_path) as found:
        assert found.manifest == made.manifest
        assert found.run == "audit-1"
        assert found.manifest.argv == ("program.py", "--fast")
        assert (found.manifest.cwd, found.manifest.created_at) == ("/work", NOW)
        assert found.manifest.settings == settings


def test_a_run_without_a_name_gets_a_readable_one(tmp_path: Path) -> None:
    with RunDirectory.create(root=tmp_path, now=NOW) as made:
        assert made.run.startswith("20270115-080000-")
        assert find_run(made.run, root=tmp_path) == made.path
    assert generate_run_id(NOW) != generate_run_id(NOW)


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "../x", "-x", "a b", "é", "a" * 129, "a\n"]
)
def test_a_name_that_could_leave_the_root_or_confuse_a_shell_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a run's name"):
        RunDirectory.create(name, root=tmp_path, now=NOW)
    with pytest.raises(ConfigError):
        find_run(name, root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_found_by_its_name_and_by_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root, elsewhere = tmp_path / "runs", tmp_path / "elsewhere"
    path = root / "audit"
    for parent in (root, elsewhere):
        RunDirectory.create("audit", root=parent, now=NOW).close()
    assert find_directory("audit", root=root) == path
    assert find_directory("audit", root=elsewhere) == elsewhere / "audit"
    for typed in (path, str(path), "runs/audit", "./runs/../runs/audit"):
        assert find_directory(typed, root=elsewhere) == path
    monkeypatch.chdir(root)
    assert find_directory("audit", root=tmp_path) == path  # no run of this name: the one that lies here
    with open_run("audit", root=tmp_path) as reader:
        assert reader.manifest.run == "audit"


def test_what_is_no_run_is_said_to_be_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunNotFound, match="there is no run 'folder'"):
        find_directory("folder", root=tmp_path / "runs")  # a folder that only happens to lie here
    (tmp_path / "folder" / "approvals.db").touch()
    assert find_directory("folder", root=tmp_path / "runs", holds=["approvals.db"]) == tmp_path / "folder"
    with pytest.raises(RunNotFound, match=r"file is a file: name the directory of a run"):
        find_directory("./file")
    with pytest.raises(RunNotFound, match="nowhere does not exist"):
        find_directory("./nowhere")
    with pytest.raises(ConfigError, match="cannot be a run's name"):
        find_directory("two words")


def test_a_name_that_is_taken_is_refused_with_how_to_go_on(tmp_path: Path) -> None:
    RunDirectory.create("audit", root=tmp_path, now=NOW).close()
    with pytest.raises(RunExists, match="shoal resume audit"):
        RunDirectory.create("audit", root=tmp_path, now=NOW)
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunExists):
        RunDirectory.create("file", root=tmp_path, now=NOW)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit", "file"]


def test_a_run_has_one_owner_at_a_time_and_the_second_learns_who_it_is(tmp_path: Path) -> None:
    made = RunDirectory.create("audit", root=tmp_path, now=NOW)
    for _ in range(2):
        with pytest.raises(RunInUse, match=str(os.getpid())) as used:
            RunDirectory.open("audit", root=tmp_path)
        assert used.value.details["pid"] == os.getpid()
    assert pickle.loads(pickle.dumps(used.value)).details == used.value.details
    made.close()
    made.close()
    RunDirectory.open("audit", root=tmp_path).close()


def test_a_run_whose_process_was_killed_can_be_taken_over_at_once(tmp_path: Path) -> None:
    script = """
import os, sys
from shoal.runtime.journal import RunDirectory
made = RunDirectory.create("audit", root=sys.argv[1], now=1.0)
print(os.getpid(), flush=True)
sys.stdin.read()
"""
    owner = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    holder = holder_of(tmp_path / "audit")
    assert holder is not None
    assert holder.pid == pid
    with pytest.raises(RunInUse, match=str(pid)):
        RunDirectory.open("audit", root=tmp_path)
    owner.kill()
    owner.communicate(timeout=60)
    assert holder_of(tmp_path / "audit") is None
    RunDirectory.open("audit", root=tmp_path).close()


def test_looking_who_has_a_run_does_not_take_it_away(tmp_path: Path) -> None:
    with RunDirectory.create("audit", root=tmp_path, now=NOW) as made:
        for _ in range(3):
            assert holder_of(made.path) is not None
        with pytest.raises(RunInUse):
            RunDirectory.open("audit", root=tmp_path)
    assert holder_of(made.path) is None


def test_a_lock_file_that_says_nothing_useful_still_locks(tmp_path: Path) -> None:
    lock = RunLock(tmp_path)
    (tmp_path / "run.lock").write_text("garbage")
    with pytest.raises(RunInUse, match="another process"):
        RunLock(tmp_path)
    lock.release()


def test_a_run_that_is_not_there_or_no_run_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(RunNotFound, match="no run 'audit'"):
        RunDirectory.open("audit", root=tmp_path)
    (tmp_path / "photos").mkdir()
    with pytest.raises(RunNotFound, match="is no run: it has no run"):
        RunDirectory.open("photos", root=tmp_path)
    assert list((tmp_path / "photos").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        ("", StoreBroken, "damaged"),
        ("{", StoreBroken, "damaged"),
        ("[]", StoreBroken, "damaged"),
        ("{}", StoreBroken, "run: Field required"),
        ('{"run": "a", "created_at": 1, "colour": 2}', StoreBroken, "colour"),
        ('{"layout": 2, "run": "a", "new": 1}', StoreNewer, "layout 2; this one knows 1"),
    ],
)
def test_a_damaged_or_newer_run_file_is_refused_with_the_reason(
    tmp_path: Path, content: str, error: type[Exception], match: str
) -> None:
    RunDirectory.create("audit", root=tmp_path, now=NOW).close()
    (tmp_path / "audit" / manifest.FILE_NAME).write_text(content)
    with pytest.raises(error, match=match):
        RunDirectory.open("audit", root=tmp_path)


def test_a_root_that_cannot_be_written_to_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunUnwritable, match="SHOAL_RUNS"):
        RunDirectory.create("audit", root=tmp_path / "file" / "runs", now=NOW)


def test_a_full_disk_is_said_so_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(StoreFull, match="No space left"):
        RunDirectory.create("audit", root=tmp_path, now=NOW)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    RunDirectory.create("audit", root=tmp_path, now=NOW).close()


def test_what_is_in_a_run_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with RunDirectory.create("audit", root=tmp_path / "a" / "b", now=NOW) as made:
            modes = {path.name: path.stat().st_mode & 0o777 for path in [made.path, *made.path.iterdir()]}
            parents = [path.stat().st_mode & 0o777 for path in (tmp_path / "a", tmp_path / "a" / "b")]
    finally:
        os.umask(before)
    assert modes == {"audit": 0o700, "run.json": 0o600, "run.lock": 0o600}
    assert parents == [0o700, 0o700]


def test_the_root_is_the_argument_else_the_environment_else_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SHOAL_RUNS", raising=False)
    assert runs_root() == tmp_path / ".shoal" / "runs"
    monkeypatch.setenv("SHOAL_RUNS", str(tmp_path / "elsewhere"))
    assert runs_root() == tmp_path / "elsewhere"
    assert runs_root("mine") == tmp_path / "mine"


def test_the_run_file_is_plain_json(tmp_path: Path) -> None:
    RunDirectory.create("audit", root=tmp_path, argv=["p"], now=NOW).close()
    raw = json.loads((tmp_path / "audit" / "run.json").read_text())
    assert raw["run"] == "audit"
    assert raw["argv"] == ["p"]
    assert raw["layout"] == 1
