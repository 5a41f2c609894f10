"""The experiment's folder: what ``shoal demo`` writes, and how it finds it there again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from shoal.demo.docstrings.collecting import docstrings, standard_library
from shoal.demo.docstrings.questions import Questions, make_questions
from shoal.experiments.file.schema import schema_text
from shoal.runtime.errors import ConfigError

EXPERIMENT = "experiment.yaml"
ASKED = "data/questions.jsonl"
_EXAMPLES = "data/examples.jsonl"
_TEMPLATE = (EXPERIMENT, "agents.py", "README.md")


def write_demo(folder: Path, cases: int, seed: int) -> list[Path]:
    """Write what is not there; returns what was written. A file that is there is left as it is: it may be yours.

    Raises :class:`ConfigError` when the folder's questions are others, or there are too few docstrings; ``OSError``.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is no directory: name another with --dir")
    texts = _texts(make_questions(docstrings(standard_library()), cases, seed))
    for name in (ASKED, _EXAMPLES):
        there = folder / name
        if there.exists() and there.read_text(encoding="utf-8") != texts[name]:
            raise ConfigError(
                f"{there} has other questions than these (of another --cases, --seed or Python): name another "
                "folder with --dir"
            )
    written = []
    for name, text in texts.items():
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def _texts(questions: Questions) -> dict[str, str]:
    template = files("shoal.demo.docstrings").joinpath("template")
    asked = ({"id": f"q{number:03}", **case._asdict()} for number, case in enumerate(questions.asked, 1))
    return {
        **{name: template.joinpath(name).read_text(encoding="utf-8") for name in _TEMPLATE},
        ASKED: _lines(asked),
        _EXAMPLES: _lines(case._asdict() for case in questions.examples),
        "experiment.schema.json": schema_text(),
    }


def _lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
