"""Every part of an experiment file that the guides and the README show, and a whole file around each."""

from __future__ import annotations

import re
from pathlib import Path

from shoal.experiments.file.spec import Experiment
from shoal.experiments.file.yaml_tree import read_yaml

ROOT = Path(__file__).resolve().parents[3]
PAGES = [
    "README.md",
    "docs/guides/clusters.md",
    "docs/guides/experiment-teams.md",
    "docs/guides/experiments.md",
    "docs/guides/workloads.md",
]
AROUND = {
    "name": "name: x\n",
    "workload": "workload: tickets.jsonl\n",
    "team": "team: agents:Keyword\n",
    "models": "models: {default: {model: m}, local: {model: m}}\n",
}


def parts(page: str) -> list[str]:
    """The blocks of a page that are of an experiment file."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [one for one in blocks if set(read_yaml(one, page)[0]) <= set(Experiment.model_fields)]


def whole(part: str) -> str:
    """The part with what else a file must have."""
    there = read_yaml(part, "part")[0]
    kept = [
        text
        for name, text in AROUND.items()
        if name not in there and not (name == "team" and "teams" in there)
    ]
    return "\n".join([part, *kept])


GUIDE_PARTS = {
    f"{Path(page).stem}-{number}": part for page in PAGES for number, part in enumerate(parts(page), 1)
}
