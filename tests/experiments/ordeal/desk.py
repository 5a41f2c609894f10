"""The experiment of the ordeal: tickets that are read by one language model's agent and labelled by one of three."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.experiments.ordeal import endpoint
from tests.experiments.ordeal.endpoint import LABELS, NOTES, READS, TAKES, label_of, task_of

MODEL = {
    "model": "scripted",
    "provider": "scripted",
    "script": "endpoint:answer",
    "max_output_tokens": 100,
    "price": {"input": 0.1234567, "output": 0.7654321},
    "retry": {"attempts": 10, "first_s": 0.001, "most_s": 0.001},
    "breaker": {"failures": 1_000_000},
}


class Served(NamedTuple):
    """What the endpoint knows."""

    requests: Counter[str]
    """By task."""
    tokens: Counter[str]
    """By task, as far as they were counted."""


def served(folder: Path) -> Served:
    """The endpoint's own books."""
    requests: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    for line in notes_file(folder).read_text().splitlines():
        task, count = line.split()
        requests[task] += 1
        tokens[task] += int(count)
    return Served(requests, tokens)


def notes_file(folder: Path) -> Path:
    """Where it writes them down."""
    return folder / "notes"


def write_desk(folder: Path, tickets: int, **fields: Any) -> Path:
    """The experiment file, with its workload and the model's module beside it."""
    home = folder / "desk"
    home.mkdir()
    shutil.copy(endpoint.__file__, home)
    with (home / "tickets.jsonl").open("w") as file:
        for number in range(tickets):
            case = {"id": task_of(number), "text": f"ticket {number}", "label": label_of(number)}
            file.write(json.dumps(case) + "\n")
    notes_file(folder).touch()
    worker = {"llm": {"instructions": LABELS}}
    data = {
        "name": "desk",
        "workload": {"tasks": "tickets.jsonl", "answer": "label"},
        "models": {"default": MODEL},
        "team": {
            "topology": "pipeline",
            "stages": {
                "reader": {"llm": {"instructions": READS}},
                "desk": {"topology": "worker", "workers": {"a": worker, "b": worker, "c": worker}},
            },
        },
        "budget": {"tokens": 10**9, "usd": 1000.0},
        "cluster": {"env": [NOTES, TAKES]},
        "output": {"runs": "runs"},
        **fields,
    }
    path = home / "experiment.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path
