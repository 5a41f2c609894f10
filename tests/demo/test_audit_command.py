"""``shoal audit`` as its user meets it."""

from __future__ import annotations

import errno
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shoal.cli import app
from shoal.demo import agents
from shoal.demo.audit import ModuleReview, ModuleTask, review
from shoal.demo.audit.checks import complexity
from shoal.demo.audit.render import RUN_HEADING
from shoal.runtime.journal import RunNotFound, open_run
from tests.demo.audit.trees import write


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the runs of a test are."""
    monkeypatch.setenv("SHOAL_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    write(root, "pkg/__init__.py", '"""A package."""\n')
    write(root, "pkg/a.py", 'import os\n\n\ndef f(x):\n    return eval(x)\n\n\nos.system("ls " + f("1"))\n')
    write(root, "pkg/bad.py", "def g(:\n")
    return root


def audit(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(
        app, ["audit", *map(str, arguments), "--address", "local"]
    )


def one_line(result: Result) -> str:
    """What it said in its one line of error."""
    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("shoal audit: ")
    return lines[0]


def test_the_audit_of_a_tree_says_what_was_done(tree: Path, tmp_path: Path) -> None:
    result = audit(tree, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    for line in ("2 reviewed, 1 skipped, 0 failed", "10 agents (one process)", "pkg/a.py:5", "report.json"):
        assert line in result.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["report"]["totals"]["modules"] == 3
    assert report["run"]["agents"] == 10
    assert report["run"]["messages"] > 0


def test_two_runs_write_the_same_report_apart_from_the_part_about_the_run(tree: Path, tmp_path: Path) -> None:
    for out in ("one", "two"):
        assert (
            audit(tree, "--out", tmp_path / out, "--reviewers", "2" if out == "one" else "4").exit_code == 0
        )
    texts = [(tmp_path / out / "report.md").read_text().partition(RUN_HEADING) for out in ("one", "two")]
    assert texts[0][0] == texts[1][0]
    assert all(heading for _, heading, _ in texts)
    reports = [
        (tmp_path / out / "report.json").read_bytes().partition(b'\n  "run": ') for out in ("one", "two")
    ]
    assert reports[0][0] == reports[1][0]
    assert all(run for _, _, run in reports)


def test_a_path_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    assert "no such file or directory" in one_line(audit(tmp_path / "nothing", "--out", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_tree_without_python_files_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty" in one_line(audit(tmp_path / "empty", "--out", tmp_path / "out"))


def test_an_unknown_package_is_one_clear_line(tmp_path: Path) -> None:
    assert "'nosuch'" in one_line(audit("--packages", "nosuch", "--out", tmp_path / "out"))


def test_a_directory_that_cannot_be_made_is_one_clear_line_before_any_work(
    tree: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    line = one_line(audit(tree, "--out", tmp_path / "file"))
    assert re.search(r"cannot be written to \S+: File exists; name another directory with --out", line)


def test_a_directory_that_cannot_be_written_is_one_clear_line(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, **options: bool) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)  # root may write anywhere
    assert "Permission denied; name another directory" in one_line(audit(tree, "--out", tmp_path / "out"))


def test_without_radon_the_remedy_is_named(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(complexity, "cc_visit_ast", None)
    assert "pip install 'shoal[demo]'" in one_line(audit(tree, "--out", tmp_path / "out"))


def test_an_address_that_is_none_is_one_clear_line(tree: Path, tmp_path: Path) -> None:
    arguments = ["audit", str(tree), "--out", str(tmp_path / "out"), "--address", "somewhere"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "'somewhere' is no address of a Ray cluster" in result.stderr
    assert "Traceback" not in result.stderr


def test_modules_that_failed_are_named_with_their_reason(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_on_a(task: ModuleTask) -> ModuleReview:
        if task.path == "pkg/a.py":
            raise ValueError("cannot look at it")
        return review(task)

    monkeypatch.setattr(agents, "review", fails_on_a)
    result = audit(tree, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert "1 failed" in result.stdout
    assert "failed: pkg/a.py:" in result.stdout
    assert "cannot look at it" in (tmp_path / "out" / "report.md").read_text()


INTERRUPTED = """
import threading
from shoal.demo import agents
from shoal.cli import app

def held(task):
    print("held", flush=True)
    released.wait(3)
    return look(task)

look = agents.review
released = threading.Event()
agents.review = held
app(["audit", {tree!r}, "--address", "local", "--out", {out!r}, "--run", "mine"], prog_name="shoal")
"""


def test_an_interrupt_ends_it_with_one_line_that_says_how_to_go_on(tree: Path, tmp_path: Path) -> None:
    script = INTERRUPTED.format(tree=str(tree), out=str(tmp_path / "out"))
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if "held" in line:
                break
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert errors.strip().splitlines() == [
        "shoal audit: interrupted; what is done is recorded, finish it with: shoal resume mine"
    ]
    assert not (tmp_path / "out" / "report.md").exists()


def recorded(runs: Path, name: str) -> dict[str, int]:
    """The tasks of a run that have ended, with how often each was submitted."""
    try:
        with open_run(name, root=runs) as reader:
            return {entry.task: entry.attempts for entry in reader.tasks() if not entry.open}
    except RunNotFound:
        return {}


def report_of(out: Path) -> str:
    """The report without what differs from run to run."""
    return (out / "report.md").read_text().partition(RUN_HEADING)[0]


def test_an_audit_that_was_killed_is_finished_by_resume_with_the_same_report(
    tmp_path: Path, runs: Path
) -> None:
    packages = ["--packages", "email,json", "--address", "local"]
    command = [
        sys.executable,
        "-m",
        "shoal",
        "audit",
        *packages,
        "--out",
        str(tmp_path / "out"),
        "--run",
        "mine",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
        until = time.monotonic() + 60
        while len(recorded(runs, "mine")) < 5 and time.monotonic() < until:
            assert running.poll() is None
        running.kill()
    before = recorded(runs, "mine")
    assert len(before) >= 5
    assert not (tmp_path / "out" / "report.md").exists()
    listed = CliRunner(env={"COLUMNS": "120"}).invoke(app, ["runs"]).stdout
    assert re.search(r"mine .* interrupted ", listed)
    done = subprocess.run(
        [sys.executable, "-m", "shoal", "resume", "mine"], capture_output=True, text=True, check=True
    )
    assert re.search(rf"resumed +{len(before)} modules were recorded", done.stdout)
    after = recorded(runs, "mine")
    assert {module: after[module] for module in before} == before
    assert audit("--packages", "email,json", "--out", tmp_path / "other").exit_code == 0
    assert report_of(tmp_path / "out") == report_of(tmp_path / "other")
    again = CliRunner().invoke(app, ["resume", "mine"])
    assert (again.exit_code, again.stdout.split()[2:4]) == (0, ["is", "complete:"])


def test_processes_are_killed_only_where_there_are_some(tree: Path, tmp_path: Path) -> None:
    result = audit(tree, "--out", tmp_path / "out", "--kill-agents", "2")
    assert result.exit_code == 1
    assert "no processes of agents on this machine to kill" in result.stderr


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.timeout(300)
def test_the_report_is_the_same_when_agents_are_killed_meanwhile(tmp_path: Path) -> None:
    arguments = [
        "--packages",
        "email,json",
        "--reviewers",
        "2",
        "--checkers",
        "1",
        "--out",
        str(tmp_path / "fire"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "shoal", "audit", *arguments, "--kill-agents", "4", "--seed", "7"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "4 processes killed, 4 restarts, nothing lost" in done.stdout
    assert json.loads((tmp_path / "fire" / "report.json").read_text())["run"]["restarts"] == 4
    assert audit("--packages", "email,json", "--out", tmp_path / "calm").exit_code == 0
    assert report_of(tmp_path / "fire") == report_of(tmp_path / "calm")


@pytest.mark.ray
@pytest.mark.timeout(300)
@pytest.mark.slow
def test_the_audit_runs_on_ray_and_keeps_its_talk_off_the_terminal(tree: Path, tmp_path: Path) -> None:
    team = ["--reviewers", "1", "--checkers", "1", "--out", str(tmp_path / "ray")]
    done = subprocess.run(
        [sys.executable, "-m", "shoal", "audit", str(tree), *team],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "raylet" not in done.stdout
    assert "7 agents (Ray)" in done.stdout
    assert audit(tree, "--out", tmp_path / "local").exit_code == 0
    reports = [
        (tmp_path / out / "report.md").read_text().partition(RUN_HEADING)[0] for out in ("ray", "local")
    ]
    assert reports[0] == reports[1]
