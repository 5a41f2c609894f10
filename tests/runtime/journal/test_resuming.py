from __future__ import annotations

import sys
from pathlib import Path

import pytest

from shoal.runtime.errors import ConfigError
from shoal.runtime.journal import RunDirectory, RunExists, RunNotFound
from shoal.runtime.journal.errors import RunNotResumable
from shoal.runtime.journal.resuming import RESUME_VARIABLE, going_on_with, program_of, take_run, this_program


def test_a_program_gets_a_new_run_that_says_how_it_was_started(tmp_path: Path) -> None:
    taken = take_run("mine", root=tmp_path, settings={"spares": 2}, environment={}, now=1.0)
    with taken.directory as run:
        assert not taken.resumed
        assert run.manifest.argv == tuple(this_program())
        assert run.manifest.argv[0] == sys.executable
        assert run.manifest.cwd == str(Path.cwd())
        assert run.manifest.settings == {"spares": 2}
    with pytest.raises(RunExists):
        take_run("mine", root=tmp_path, environment={}, now=2.0)
    with take_run(True, root=tmp_path, environment={}, now=3.0).directory as generated:
        assert generated.run.startswith("19700101-000003-")


@pytest.mark.parametrize("asked", ["mine", True])
def test_a_program_that_is_resumed_gets_its_run_wherever_it_lies(tmp_path: Path, asked: str | bool) -> None:
    RunDirectory.create("mine", root=tmp_path, now=1.0).close()
    environment = {RESUME_VARIABLE: str(tmp_path / "mine")}
    taken = take_run(asked, root=tmp_path / "elsewhere", environment=environment, now=2.0)
    with taken.directory as run:
        assert taken.resumed
        assert run.path == tmp_path / "mine"


def test_the_variable_may_name_the_run_alone(tmp_path: Path) -> None:
    RunDirectory.create("mine", root=tmp_path, now=1.0).close()
    with take_run(True, root=tmp_path, environment={RESUME_VARIABLE: "mine"}, now=2.0).directory as run:
        assert run.run == "mine"
    with pytest.raises(RunNotFound):
        take_run(True, root=tmp_path, environment={RESUME_VARIABLE: "yours"}, now=2.0)


def test_a_program_that_asks_for_another_run_than_is_resumed_is_refused(tmp_path: Path) -> None:
    RunDirectory.create("mine", root=tmp_path, now=1.0).close()
    with pytest.raises(ConfigError, match=r"'mine' is being resumed .* for run 'yours'"):
        take_run("yours", environment={RESUME_VARIABLE: str(tmp_path / "mine")}, now=2.0)


def test_the_program_of_a_run_is_what_started_it_with_the_run_in_its_environment(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "audit", "--fast"]
    with RunDirectory.create("mine", root=tmp_path, argv=argv, cwd=tmp_path, now=1.0) as run:
        program = program_of(run.path, run.manifest)
    assert program.argv == tuple(argv)
    assert program.cwd == str(tmp_path)
    assert program.environment[RESUME_VARIABLE] == str(tmp_path / "mine")
    assert program.environment["SHOAL_RUNS"] == str(tmp_path)


@pytest.mark.parametrize(
    ("argv", "cwd", "why"),
    [
        ((), ".", "does not say which program"),
        (("/no/such/python", "a.py"), ".", "/no/such/python, which is not there"),
        ((sys.executable,), "gone", "gone, which is not there"),
    ],
)
def test_a_program_that_is_not_there_any_more_is_named(
    tmp_path: Path, argv: tuple[str, ...], cwd: str, why: str
) -> None:
    with RunDirectory.create("mine", root=tmp_path, argv=argv, cwd=tmp_path / cwd, now=1.0) as run:
        with pytest.raises(RunNotResumable, match=why) as refused:
            program_of(run.path, run.manifest)
        assert refused.value.details["run"] == "mine"


def test_a_run_that_never_began_can_be_discarded(tmp_path: Path) -> None:
    RunDirectory.create("mine", root=tmp_path, now=1.0).discard()
    assert not (tmp_path / "mine").exists()
    RunDirectory.create("mine", root=tmp_path, now=2.0).close()


def test_a_program_can_go_on_with_a_run_by_itself(tmp_path: Path) -> None:
    RunDirectory.create("mine", root=tmp_path, now=1000.0).close()
    with going_on_with(tmp_path / "mine"):
        taken = take_run("mine", root=tmp_path / "elsewhere", environment={}, now=2000.0)
        assert (taken.resumed, taken.directory.path) == (True, tmp_path / "mine")
        taken.directory.close()
        with pytest.raises(ConfigError, match="'mine' is being resumed"):
            take_run("other", root=tmp_path, environment={}, now=2000.0)
    with pytest.raises(RunExists):
        take_run("mine", root=tmp_path, environment={}, now=2000.0)
