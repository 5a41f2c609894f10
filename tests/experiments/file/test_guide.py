"""What the guide shows of an experiment file can stand in one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shoal.experiments.file.loading import load
from shoal.experiments.file.yaml_tree import read_yaml

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "experiments.md"
PARTS = re.findall(r"^```yaml\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
AROUND = {
    "name": "name: x\n",
    "workload": "workload: tickets.jsonl\n",
    "team": "team: agents:Keyword\n",
    "models": "models: {local: {model: m}}\n",
}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.split(":")[0])
def test_a_part_of_the_guide_can_stand_in_a_file(tmp_path: Path, part: str) -> None:
    there = read_yaml(part, "guide")[0]
    kept = [
        text
        for name, text in AROUND.items()
        if name not in there and not (name == "team" and "teams" in there)
    ]
    path = tmp_path / "e.yaml"
    path.write_text(part + "".join(kept), encoding="utf-8")
    environ = {"MODEL_NAME": "m", "MODEL_URL": "http://127.0.0.1:1/v1", "RPM": "60"}
    assert load(path, environ=environ).experiment.name


def test_every_section_is_in_the_guides_table() -> None:
    from shoal.experiments.file.spec import Experiment

    table = GUIDE.read_text(encoding="utf-8").partition("| section |")[2].partition("\n\n")[0]
    assert [name for name in Experiment.model_fields if f"`{name}`" not in table] == []
