"""A standard output that takes no check mark ends no run, and keeps no team from being run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.experiments.running.experiments import HERE, states_in, write_experiment


def test_a_run_of_several_teams_ends_well_where_output_is_latin_1(tmp_path: Path) -> None:
    teams = {"plain": {"use": f"{HERE}:Keyword"}, "again": {"use": f"{HERE}:Keyword"}}
    file = write_experiment(tmp_path, ["charged"], team=None, teams=teams)
    done = subprocess.run(
        [sys.executable, "-m", "shoal", "run", file, "--name", "mine"],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"? mine-again: its one task has ended")
    assert states_in(tmp_path / "runs" / "mine-plain") == {"t0": "done"}
