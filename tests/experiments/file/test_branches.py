"""Places of errors, held against the data: also where each level is a choice of many."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoal.experiments.errors import BadExperiment
from shoal.experiments.file.branches import _aligned
from shoal.experiments.file.loading import load


def test_as_many_parts_as_can_be_are_keys() -> None:
    data = {"team": {"workers": {"worker": {"use": 1}}}}
    location = ("team", "<worker>", "workers", "<by name>", "worker", "<use>", "use")
    kept = [part for part, stays in _aligned(location, data) if stays]
    assert kept == ["team", "workers", "worker", "use"]


def test_a_branch_with_the_name_of_a_key_is_the_branch_where_that_leads_on() -> None:
    data = {"a": {"a": {"b": 1}}}
    assert [stays for _, stays in _aligned(("a", "a", "a", "b"), data)] in (
        [True, True, False, True],
        [True, False, True, True],
        [False, True, True, True],
    )


@pytest.mark.parametrize("deep", [3, 12, 18])
def test_teams_in_teams_are_told_in_the_time_of_their_depth(tmp_path: Path, deep: int) -> None:
    team = (
        "{topology: worker, router: round_robin, workers: {a: " * deep + "{use: 'a:B', bad: 1}" + "}}" * deep
    )
    (tmp_path / "e.yaml").write_text(f"name: x\nworkload: [a]\nteam: {team}\n")
    with pytest.raises(BadExperiment) as caught:
        load(tmp_path / "e.yaml")
    assert [one for one in caught.value.details["problems"] if "'bad'" in one] == caught.value.details[
        "problems"
    ]
    assert f"team{'.workers.a' * deep}.bad: " in str(caught.value)
