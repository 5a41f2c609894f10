"""What the guide shows of files can stand in one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

from shoal.experiments.teams.spec import PATTERNS, TeamSpec

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "experiment-teams.md"
TEXT = GUIDE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
ROWS = re.findall(r"^\| `(\w+)` \| (.*) \|$", TEXT, re.MULTILINE)[1:]  # behind the head of the table


@pytest.mark.parametrize("block", BLOCKS)
def test_a_team_of_the_guide_can_stand_in_a_file(block: str) -> None:
    TypeAdapter(TeamSpec).validate_python(yaml.safe_load(block)["team"])


def test_the_guide_has_all_topologies() -> None:
    assert [name for name, _ in ROWS] == list(PATTERNS)


@pytest.mark.parametrize(("name", "keys"), ROWS)
def test_the_keys_in_the_guides_table_are_those_of_the_topology(name: str, keys: str) -> None:
    fields = set(PATTERNS[name].model_fields)
    for key in re.findall(r"`(\w+)(?::[^`]*)?`", keys):
        assert key in fields, key
