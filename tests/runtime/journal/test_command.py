"""``shoal runs``, ``shoal show`` and ``shoal resume`` as their user meets them."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shoal.cli import app
from shoal.runtime.journal import Event, Journal, RunDirectory, TaskSubmitted
from shoal.runtime.journal.happenings import RUN_FINISHED, RUN_STARTED
from shoal.runtime.journal.pages import ago, duration, short_program

ARGV = [sys.executable, "audit.py", "--fast"]


def shoal(*arguments: str | Path, width: int = 110) -> Result:
    return CliRunner(env={"COLUMNS": str(width)}).invoke(app, list(map(str, arguments)))


def make_run(
    root: Path, name: str, *, tasks: int = 0, done: int = 0, failed: int = 0, finished: bool = False
) -> None:
    with RunDirectory.create(name, root=root, argv=ARGV, cwd=root, now=1000.0) as run:
        journal = Journal(run.journal_path)
        journal.append([Event(1000.0, RUN_STARTED, None, None, {"pid": 7})])
        journal.append([TaskSubmitted(f"t{n}", "team", "int", b"x", b"m" * 12, 1001.0) for n in range(tasks)])
        for n in range(done):
            journal.finish(f"t{n}", "int", b"\x01", at=1002.0)
        for n in range(done, done + failed):
            journal.fail(f"t{n}", "HandlerError", f"reason {n}\nof it", at=1003.0)
        journal.append([Event(1004.0, "restarting", "team/1", None, {"reason": "killed", "generation": 2})])
        if finished:
            journal.append([Event(1005.0, RUN_FINISHED, None, None, {})])
        journal.close()


def test_runs_lists_each_with_its_state_and_what_is_done(tmp_path: Path) -> None:
    make_run(tmp_path, "cut", tasks=7, done=3, failed=1)
    make_run(tmp_path, "whole", tasks=2, done=2, finished=True)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text("{")
    for width in (80, 140):
        lines = shoal("runs", "--root", tmp_path, width=width).stdout.splitlines()
        assert all(len(line) <= width for line in lines)
        listed = {line.split()[0]: line for line in lines[1:]}
        assert re.search(r"◐ interrupted +3 +1 +3 ", listed["cut"])
        assert "✓ finished" in listed["whole"]
        assert "✗ broken" in listed["bad"]
    assert "python audit.py --fast".replace("python", Path(sys.executable).name) in listed["cut"]
    assert "and 2 older ones (--most 3)" in shoal("runs", "--root", tmp_path, "-n", "1").stdout


def test_a_list_of_long_names_fits_a_narrow_terminal_with_its_headings_states_and_problems_whole(
    tmp_path: Path,
) -> None:
    make_run(tmp_path, "fail-20261122-040316-bz2p-fan_missing", tasks=1000, done=1000, finished=True)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text("{")
    lines = shoal("runs", "--root", tmp_path, width=80).stdout.splitlines()
    assert lines[0].split() == ["run", "when", "state", "done", "failed", "open", "program"]
    assert any("✓ finished" in line and "1,000" in line for line in lines)
    assert "…" not in "".join(line for line in lines if "✗" in line)
    listed = "".join(line.split("  ")[0].strip() for line in lines[1:])
    assert "fail-20261122-040316-bz2p-fan_missing" in listed


def test_a_hint_finds_the_run_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path, "cut", tasks=2)
    monkeypatch.delenv("SHOAL_RUNS", raising=False)
    assert f"shoal resume cut --root {tmp_path}" in shoal("show", "cut", "--root", tmp_path, width=200).stdout
    monkeypatch.setenv("SHOAL_RUNS", str(tmp_path))
    assert shoal("show", "cut", width=200).stdout.rstrip().endswith("shoal resume cut")


def test_a_root_without_runs_says_so(tmp_path: Path) -> None:
    result = shoal("runs", "--root", tmp_path / "nothing")
    assert (result.exit_code, result.stdout) == (0, f"no runs in {tmp_path / 'nothing'}\n")


def test_show_says_what_failed_and_why_and_what_happened_and_how_to_go_on(tmp_path: Path) -> None:
    make_run(tmp_path, "cut", tasks=20, done=3, failed=12)
    shown = shoal("show", "cut", "--root", tmp_path).stdout
    for part in (
        "◐ interrupted", "3 done, 12 failed, 5 open", "1 of agents' processes", "audit.py --fast", "failed  10 of 12",
        "HandlerError  reason 3 of it", "restarting   team/1  killed", "shoal resume cut",
    ):  # fmt: skip
        assert part in shown
    assert "reason 3" not in shoal("show", "cut", "--root", tmp_path, "--failures", "0").stdout
    assert "team/1" not in shoal("show", "cut", "--root", tmp_path, "--events", "0").stdout


@pytest.mark.parametrize("command", ["show", "resume"])
def test_a_run_that_is_not_there_or_is_damaged_is_one_clear_line(tmp_path: Path, command: str) -> None:
    make_run(tmp_path, "bad", tasks=1)
    (tmp_path / "bad" / "journal.db").write_bytes(b"garbage")
    for run, why in (
        ("nothing", "there is no run 'nothing'"),
        ("bad", "journal.db"),
        ("../x", "x does not exist"),
        ("two words", "cannot be a run's name"),
    ):
        result = shoal(command, run, "--root", tmp_path)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert len(result.stderr.splitlines()) == 1
        assert result.stderr.startswith(f"shoal {command}: ")
        assert why in result.stderr


def test_a_run_without_anything_in_it_can_be_shown(tmp_path: Path) -> None:
    RunDirectory.create("new", root=tmp_path, now=1000.0).close()
    shown = shoal("show", "new", "--root", tmp_path).stdout
    for part in ("○ empty", "none yet", "not recorded"):
        assert part in shown


def test_a_run_that_is_running_is_not_resumed_and_its_process_is_named(tmp_path: Path) -> None:
    make_run(tmp_path, "mine", tasks=2)
    with RunDirectory.open("mine", root=tmp_path):
        assert "● running" in shoal("runs", "--root", tmp_path).stdout
        result = shoal("resume", "mine", "--root", tmp_path)
    assert result.exit_code == 1
    assert f"process {os.getpid()} on " in result.stderr


def test_a_run_that_is_complete_says_so(tmp_path: Path) -> None:
    make_run(tmp_path, "mine", tasks=2, done=2, finished=True)
    result = shoal("resume", "mine", "--root", tmp_path)
    assert (result.exit_code, result.stdout) == (0, "✓ mine is complete: 2 tasks: 2 done\n")


def test_resume_becomes_the_recorded_program_in_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path, "mine", tasks=2, done=1)
    became: list[tuple[str, list[str], str, str]] = []

    def become(path: str, argv: list[str], environment: dict[str, str]) -> None:
        became.append((path, list(argv), environment["SHOAL_RESUME"], os.getcwd()))

    monkeypatch.setattr(os, "execve", become)
    monkeypatch.chdir(os.getcwd())
    result = shoal("resume", "mine", "--root", tmp_path)
    assert became == [(sys.executable, ARGV, str(tmp_path / "mine"), str(tmp_path))]
    assert "resuming mine: 1 of 2 tasks that were begun have ended" in result.stderr


def test_a_run_whose_program_is_not_recorded_says_how_to_start_it(tmp_path: Path) -> None:
    RunDirectory.create("mine", root=tmp_path, now=1000.0).close()
    result = shoal("resume", "mine", "--root", tmp_path)
    assert result.exit_code == 1
    assert f"SHOAL_RESUME={tmp_path / 'mine'}" in result.stderr


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "just now"), (4, "just now"), (59, "59 s ago"), (3599, "59 min ago"), (90000, "1 d ago")],
)
def test_times_are_told_in_one_unit(seconds: float, text: str) -> None:
    assert ago(seconds) == text


def test_durations_are_told_in_two_units_at_most() -> None:
    assert [duration(s) for s in (1.25, 61, 3725)] == ["1.2 s", "1 min 1 s", "1 h 2 min"]


def test_programs_are_shown_about_as_they_were_typed() -> None:
    assert short_program(["/x/bin/python", "/a/b.py", "two words"]) == "python b.py 'two words'"
    assert short_program(["/x/bin/python", "/x/bin/shoal", "demo"]) == "shoal demo"
    assert short_program(["/x/bin/python", "-m", "shoal", "demo"]) == "shoal demo"
    assert short_program(["/x/bin/python", "-c", "import a\nb"]) == "python -c …"
    assert short_program([]) == ""
