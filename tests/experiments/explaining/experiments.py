"""Directories of experiments that were killed or go on, written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shoal.experiments.task import Task
from shoal.runtime.codec import encode
from shoal.runtime.journal.journal import Journal
from shoal.runtime.journal.records import Event, TaskEnded, TaskSubmitted
from shoal.runtime.journal.run_directory import RunDirectory

BEGAN = 1_800_000_000.0


def write_experiment(root: Path, *, tasks: int, ended: int, open_: int, answer: Any = "fine") -> Path:
    """A run ``made`` of tasks ``t0``, ``t1``, ...: the first ended, some open, the rest never begun; no results."""
    with RunDirectory.create("made", root=root, settings={"journal": "messages"}, now=BEGAN) as directory:
        path = directory.path
        (path / "experiment.json").write_text('{"name": "made"}')
        asked = [Task(task=f"t{number}", case=f"t{number}", input="x") for number in range(tasks)]
        (path / "tasks.jsonl").write_text("".join(f"{one.model_dump_json()}\n" for one in asked))
        (path / "results.jsonl").write_text("")
        journal = Journal(directory.journal_path)
        journal.append([Event(BEGAN, "run_started", None, None, {})])
        for number in range(ended + open_):
            name, at = f"t{number}", BEGAN + number
            journal.append([TaskSubmitted(name, "team", "str", b"\xa1x", number.to_bytes(12, "big"), at)])
            if number < ended:
                tag, payload = encode(answer)
                journal.append([TaskEnded(name, "done", tag, payload, "", "", {}, at + 1)])
        journal.settle()
        journal.close()
    return path
