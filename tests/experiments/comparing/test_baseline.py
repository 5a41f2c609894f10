"""What the single agent is called that a comparison adds."""

from __future__ import annotations

import pytest

from shoal.experiments.comparing.baseline import baseline_name


@pytest.mark.parametrize(
    ("teams", "name"),
    [
        ([], "single"),
        (["vote"], "single"),
        (["single", "vote"], "baseline"),
        (["single", "baseline"], "baseline_2"),
        (["single", "baseline", "baseline_2"], "baseline_3"),
    ],
)
def test_it_takes_the_name_of_no_team(teams: list[str], name: str) -> None:
    assert baseline_name(teams) == name
