"""What the guides and the README show of an experiment file can stand in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoal.experiments.file.loading import load
from shoal.experiments.file.spec import Experiment
from tests.experiments.file.guide_parts import GUIDE_PARTS, ROOT, whole

GUIDE = ROOT / "docs" / "guides" / "experiments.md"


@pytest.mark.parametrize("part", GUIDE_PARTS.values(), ids=GUIDE_PARTS)
def test_a_part_of_a_guide_can_stand_in_a_file(tmp_path: Path, part: str) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(whole(part), encoding="utf-8")
    environ = {"MODEL_NAME": "m", "MODEL_URL": "http://127.0.0.1:1/v1", "RPM": "60"}
    assert load(path, environ=environ).experiment.name


def test_there_are_parts_of_each_page_that_shows_some() -> None:
    pages = {name.rpartition("-")[0] for name in GUIDE_PARTS}
    assert pages >= {"README", "experiments", "experiment-teams", "workloads"}


def test_every_section_is_in_the_guides_table() -> None:
    table = GUIDE.read_text(encoding="utf-8").partition("| section |")[2].partition("\n\n")[0]
    assert [name for name in Experiment.model_fields if f"`{name}`" not in table] == []
