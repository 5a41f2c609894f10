"""The guide's YAML is what it says it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from shoal.experiments.scoring.spec import KINDS, ScorerSpec
from shoal.experiments.workload.spec import WorkloadSpec

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "workloads.md"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_piece_of_an_experiment_file_in_the_guide_is_valid(block: str) -> None:
    for name, value in yaml.safe_load(block).items():
        kinds: dict[str, type[BaseModel]] = {"workload": WorkloadSpec, "score": ScorerSpec}
        kinds[name].model_validate(value)


def test_the_guide_names_every_field_of_a_workload_and_every_scorer_with_its_settings() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for name in WorkloadSpec.model_fields:
        assert re.search(rf"`{name}[`:]", text) or f"\n  {name}:" in text, name
    for kind in KINDS:
        assert re.search(rf"^\| `{kind}[`:]", text, re.MULTILINE), kind
