"""Runs are called after the experiment and the team, so that what no run can be called is a problem of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoal.experiments.errors import BadExperiment
from shoal.experiments.file.checking import check_experiment
from shoal.experiments.file.loading import load

TEAMS = """\
name: {name}
workload: {{tasks: tickets.jsonl, input: text, answer: label}}
teams:
  first: {{use: agents:Keyword}}
  {team}: {{use: agents:Keyword}}
"""


@pytest.mark.parametrize(("name", "team"), [("triage", "a/b"), ("n" * 70, "t" * 70), ("triage", "t" * 101)])
def test_a_team_after_which_no_run_can_be_called_is_told_with_its_line(
    folder: Path, name: str, team: str
) -> None:
    (folder / "e.yaml").write_text(TEAMS.format(name=name, team=team), encoding="utf-8")
    with pytest.raises(BadExperiment) as raised:
        check_experiment(load("e.yaml"))
    assert raised.value.text.count("\n") == 0
    for part in (f"e.yaml:5: teams.{team}: ", "cannot be called EXPERIMENT-DATE-TEAM", "128 at most"):
        assert part in raised.value.text


def test_the_longest_names_with_which_there_can_be_runs_are_right(folder: Path) -> None:
    (folder / "e.yaml").write_text(TEAMS.format(name="triage", team="t" * 100), encoding="utf-8")
    assert len(check_experiment(load("e.yaml")).teams) == 2
