"""``shoal demo`` as its user meets it."""

from __future__ import annotations

import errno
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shoal.cli import app
from shoal.demo import agents
from shoal.demo.audit import ModuleReview, ModuleTask, review
from shoal.demo.audit.checks import complexity
from shoal.demo.audit.render import RUN_HEADING
from tests.demo.audit.trees import write


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    write(root, "pkg/__init__.py", '"""A package."""\n')
    write(root, "pkg/a.py", 'import os\n\n\ndef f(x):\n    return eval(x)\n\n\nos.system("ls " + f("1"))\n')
    write(root, "pkg/bad.py", "def g(:\n")
    return root


def demo(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(app, ["demo", *map(str, arguments), "--address", "local"])


def one_line(result: Result) -> str:
    """What it said in its one line of error."""
    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("shoal demo: ")
    return lines[0]


def test_the_demo_audits_a_tree_and_says_what_was_done(tree: Path, tmp_path: Path) -> None:
    result = demo(tree, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    for line in ("2 reviewed, 1 skipped, 0 failed", "10 agents (one process)", "pkg/a.py:5", "report.json"):
        assert line in result.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["report"]["totals"]["modules"] == 3
    assert report["run"]["agents"] == 10
    assert report["run"]["messages"] > 0


def test_two_runs_write_the_same_report_apart_from_the_part_about_the_run(tree: Path, tmp_path: Path) -> None:
    for out in ("one", "two"):
        assert demo(tree, "--out", tmp_path / out, "--reviewers", "2" if out == "one" else "4").exit_code == 0
    texts = [(tmp_path / out / "report.md").read_text().partition(RUN_HEADING) for out in ("one", "two")]
    assert texts[0][0] == texts[1][0]
    assert all(heading for _, heading, _ in texts)
    reports = [
        (tmp_path / out / "report.json").read_bytes().partition(b'\n  "run": ') for out in ("one", "two")
    ]
    assert reports[0][0] == reports[1][0]
    assert all(run for _, _, run in reports)


def test_a_path_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    assert "no such file or directory" in one_line(demo(tmp_path / "nothing", "--out", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_tree_without_python_files_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty" in one_line(demo(tmp_path / "empty", "--out", tmp_path / "out"))


def test_an_unknown_package_is_one_clear_line(tmp_path: Path) -> None:
    assert "'nosuch'" in one_line(demo("--packages", "nosuch", "--out", tmp_path / "out"))


def test_a_directory_that_cannot_be_made_is_one_clear_line_before_any_work(
    tree: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    line = one_line(demo(tree, "--out", tmp_path / "file"))
    assert re.search(r"cannot be written to \S+: File exists; name another directory with --out", line)


def test_a_directory_that_cannot_be_written_is_one_clear_line(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, **options: bool) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)  # root may write anywhere
    assert "Permission denied; name another directory" in one_line(demo(tree, "--out", tmp_path / "out"))


def test_without_radon_the_remedy_is_named(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(complexity, "cc_visit_ast", None)
    assert "pip install 'shoal[demo]'" in one_line(demo(tree, "--out", tmp_path / "out"))


def test_an_address_that_is_none_is_one_clear_line(tree: Path, tmp_path: Path) -> None:
    arguments = ["demo", str(tree), "--out", str(tmp_path / "out"), "--address", "somewhere"]
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
    result = demo(tree, "--out", tmp_path / "out")
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
app(["demo", {tree!r}, "--address", "local", "--out", {out!r}], prog_name="shoal")
"""


def test_an_interrupt_ends_it_with_one_line_and_no_report(tree: Path, tmp_path: Path) -> None:
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
        "shoal demo: interrupted; all agents were stopped, no report was written"
    ]
    assert not (tmp_path / "out" / "report.md").exists()


@pytest.mark.ray
@pytest.mark.timeout(300)
def test_the_demo_runs_on_ray_and_keeps_its_talk_off_the_terminal(tree: Path, tmp_path: Path) -> None:
    team = ["--reviewers", "1", "--checkers", "1", "--out", str(tmp_path / "ray")]
    done = subprocess.run(
        [sys.executable, "-m", "shoal", "demo", str(tree), *team], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "raylet" not in done.stdout
    assert "7 agents (Ray)" in done.stdout
    assert demo(tree, "--out", tmp_path / "local").exit_code == 0
    reports = [
        (tmp_path / out / "report.md").read_text().partition(RUN_HEADING)[0] for out in ("ray", "local")
    ]
    assert reports[0] == reports[1]
