"""Run directories written by hand: a team of readers, traffic, deaths and results, with texts nobody should trust."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shoal.experiments.result import Result, State
from shoal.experiments.task import Task
from shoal.runtime.journal.journal import Journal
from shoal.runtime.journal.records import (
    Event,
    MessageRow,
    SpanRow,
    TaskEnded,
    TaskSubmitted,
    messages_handled,
    spans_noted,
)
from shoal.runtime.journal.run_directory import RunDirectory

BEGAN = 1_800_000_000.0
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u202e\x1b[31m\x00"
"""Ends what it stands in, if it is not escaped; turns the line round; commands a terminal."""


def graph_of(readers: int = 3, *, label: str = "Reader") -> dict[str, Any]:
    """A pipeline: a planner, then readers that each take a part."""
    members = {"plan": {"agent": "Planner", "address": "team/plan"}}
    members |= {f"r{n}": {"agent": label, "address": f"team/r{n}"} for n in range(readers)}
    links = [{"from": "", "to": "plan", "label": ""}]
    links += [{"from": "plan", "to": f"r{n}", "label": "part"} for n in range(readers)]
    links += [{"from": f"r{n}", "to": "", "label": ""} for n in range(readers)]
    return {
        "pattern": "pipeline", "address": "team", "accepts": "Ticket", "returns": "Label", "members": members,
        "links": links,
    }  # fmt: skip


def write_run(
    root: Path,
    name: str = "made",
    *,
    tasks: int = 6,
    said: str = "hello",
    finished: bool = True,
    seed: int = 1,
) -> Path:
    """A run of so many tasks, every third of which failed. ``said``: what stands wherever a text can stand."""
    with RunDirectory.create(name, root=root, settings={"journal": "messages"}, now=BEGAN) as directory:
        path = directory.path
        _write(path / "experiment.json", {"name": f"triage {said}", "description": said, "seed": seed})
        session = {"host": said, "argv": ["run", said], "shoal": "0.1", "python": "3.11", "cpus": 2}
        _write(path / "environment.json", {"seed": seed, "sessions": [session]})
        _write(path / "team.json", graph_of(label=said))
        journal = Journal(directory.journal_path)
        journal.append([Event(BEGAN, "run_started", None, None, {})])
        results = [_task(journal, number, said) for number in range(tasks)]
        journal.append(
            [
                Event(BEGAN + 1, "restarting", "team/r1", None, {"reason": said}),
                Event(BEGAN + 2, "started", "team/r1", None, {}),
                Event(
                    BEGAN + 3,
                    "dead_letter",
                    said,
                    "t0",
                    {"reason": "expired", "detail": said, "sender": said},
                ),
            ]
        )
        if finished:
            journal.append([Event(BEGAN + tasks + 5, "run_finished", None, None, {})])
            _write(path / "summary.json", {"complete": True})
        journal.settle()
        journal.close()
        asked = [
            Task(task=one.task, case=one.case, input={"text": said, "more": "x" * 300}) for one in results
        ]
        (path / "tasks.jsonl").write_text("".join(f"{one.model_dump_json()}\n" for one in asked))
        (path / "results.jsonl").write_text("".join(f"{one.model_dump_json()}\n" for one in results))
    return path


def _task(journal: Journal, number: int, said: str) -> Result:
    task, at, mine = f"t{number}", BEGAN + number, number.to_bytes(12, "big")
    failed = number % 3 == 2
    reader = f"team/r{number % 3}"
    asked = b"a" + mine[1:]
    rows: list[MessageRow] = [
        (mine, None, task, "local", "team", "app:Ticket", 10, at, 0.9, "done", 0.1, 1, 1),
        (asked, mine, task, "team", reader, f"app:{said}", 10, at + 0.1, 0.7, "done", 0.05, 1, 1),
    ]
    data = {"attempts": 1, "input_tokens": 10, "output_tokens": 2, "usd": 0.01}
    span: SpanRow = (mine[4:], asked, task, reader, "model", said, at + 0.2, 0.5, "ok", data)
    end = ("failed", "", b"", "HandlerError", said) if failed else ("done", "", b"\xc0", "", "")
    journal.append(
        [
            TaskSubmitted(task, "team", "app:Ticket", b"\x80", mine, at),
            messages_handled(rows),
            spans_noted([span]),
            TaskEnded(task, *end, {}, at + 1 + number / 10),
        ]
    )
    return Result(
        task=task, case=task, state=State.FAILED if failed else State.DONE, output=None if failed else said,
        expected=said, score=0.0 if failed else 1.0, error="HandlerError" if failed else "",
        error_text=said if failed else "", attempts=1, calls=1, input_tokens=10, output_tokens=2, usd=0.01,
        submitted_at=at, ended_at=at + 1 + number / 10, took_s=1 + number / 10, messages=2,
    )  # fmt: skip


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data))
