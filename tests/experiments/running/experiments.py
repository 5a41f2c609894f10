"""Experiment files, and what runs of them left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from shoal.experiments.file.loaded import Loaded
from shoal.experiments.file.loading import load
from shoal.experiments.finished import ExperimentRun
from shoal.experiments.result import Result

HERE = "tests.experiments.running.crew"
SCRIPTED = {
    "model": "scripted",
    "provider": "scripted",
    "script": f"{HERE}:script",
    "price": {"input": 1.0, "output": 2.0},
}


def write_experiment(folder: Path, texts: list[str], **fields: Any) -> Path:
    """An experiment file with a workload of these texts, under the ids t0, t1, ..."""
    with (folder / "tickets.jsonl").open("w") as file:
        for number, text in enumerate(texts):
            label = "billing" if "charged" in text else "other"
            file.write(json.dumps({"id": f"t{number}", "text": text, "label": label}) + "\n")
    data = {
        "name": "triage",
        "workload": {"tasks": "tickets.jsonl", "answer": "label"},
        "team": {"use": f"{HERE}:Keyword"},
        "cluster": {"address": "local"},
        "output": {"runs": "runs"},
        **fields,
    }
    path = folder / "experiment.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in data.items() if value is not None}))
    return path


def loaded_experiment(folder: Path, texts: list[str], *overrides: str, **fields: Any) -> Loaded:
    """The same, loaded."""
    return load(write_experiment(folder, texts, **fields), overrides)


def with_model(**fields: Any) -> dict[str, Any]:
    """Fields of an experiment whose team is one agent with the scripted model."""
    team = {"llm": {"instructions": "Label it.", "model": "default"}}
    return {"models": {"default": SCRIPTED}, "team": team, **fields}


def results_in(path: Path) -> list[Result]:
    """What the run's results say."""
    with ExperimentRun(path) as run:
        return list(run.results())


def states_in(path: Path) -> dict[str, str]:
    """The state of each task."""
    return {result.task: result.state.value for result in results_in(path)}
