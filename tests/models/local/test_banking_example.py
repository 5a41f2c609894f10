"""The example with the bank's questions, against a fake engine that chooses the first label each time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models.local.test_serving import ROOT

PROGRAM = ROOT / "examples" / "banking_questions.py"
FIRST = ("two letters say that I am late", "arrears")


def run(*options: str) -> str:
    """What it prints."""
    path = os.pathsep.join([str(ROOT / "src"), os.environ["PYTHONPATH"]])
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "--local", *options],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(printed: str) -> dict[str, tuple[int, int, int, int]]:
    """By shape: right, of how many, calls, tokens."""
    found = re.findall(r"^(\w[\w ]+?) +(\d+) of (\d+), +\d+ % +([\d,]+) +([\d,]+)", printed, re.MULTILINE)
    return {shape: tuple(int(figure.replace(",", "")) for figure in figures) for shape, *figures in found}  # type: ignore[misc]


@pytest.mark.usefixtures("fake_engine")
def test_each_shape_is_counted_by_its_labels_calls_and_tokens(gguf: Path) -> None:
    printed = run("--gguf", str(gguf))
    assert "12 questions, 6 labels, tiny at http://127.0.0.1:" in printed
    # Two of each label; the second voter sees the labels in reverse, and is outvoted.
    assert rows(printed) == {
        "single agent": (2, 12, 12, 12 * 57),
        "worker team": (2, 12, 12, 12 * 57),
        "vote of three": (2, 12, 36, 36 * 57),
    }
    assert "the voters disagreed on 12" in printed


@pytest.mark.usefixtures("fake_engine")
def test_questions_of_a_file_are_taken_as_they_are_limited(gguf: Path, tmp_path: Path) -> None:
    questions = [FIRST, ("when does it come", "delivery"), ("I am sorry", "sorry"), FIRST]
    data = tmp_path / "questions.jsonl"
    data.write_text(
        "".join(json.dumps({"id": 1, "text": text, "label": label}) + "\n" for text, label in questions)
    )
    printed = run("--gguf", str(gguf), "--data", str(data), "--labels", "2", "--limit", "3")
    assert "3 questions, 2 labels" in printed
    assert rows(printed)["single agent"] == (2, 3, 3, 3 * 57)
