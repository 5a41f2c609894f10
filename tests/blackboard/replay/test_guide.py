"""The guide is true: what its commands print is what stands there, but for times, ids and places."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.blackboard.replay.scene import board

PAGE = Path(__file__).parents[3] / "docs" / "guides" / "replay.md"
_MASKS = (
    (r"\d\d:\d\d:\d\d(\.\d+)?", "TIME"),
    (r"\d{4}-\d\d-\d\d", "DATE"),
    (r"TIME \(.*?\)", "TIME (ago)"),
    (r"after [\d.]+ m?s", "after a while"),
    (r"\b[0-9a-f]{24}\b", "ID"),
    (r"\S*/everest/boards", "boards"),
    (r"[ ─]+", " "),
)


def blocks(kind: str) -> list[str]:
    """The page's blocks of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def masked(text: str) -> list[str]:
    """Its lines without what differs from run to run."""
    for pattern, instead in _MASKS:
        text = re.sub(pattern, instead, text)
    return [line.rstrip() for line in text.strip().splitlines()]


async def make(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the page's program."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for source in blocks("python"):
        code = compile(source, str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with contextlib.redirect_stdout(io.StringIO()):
            running = eval(code, names)  # noqa: S307 - our own page
            if inspect.isawaitable(running):
                await running
    monkeypatch.setenv("SHOAL_RUNS", names["root"])


async def test_every_command_of_the_guide_prints_what_stands_there(monkeypatch: pytest.MonkeyPatch) -> None:
    await make(monkeypatch)
    shown = 0
    for block in blocks("console"):
        typed, _, promised = block.partition("\n")
        match shlex.split(typed):
            case ["$", "shoal", "board", *arguments] if promised:
                result = board(*arguments, width=110)
                assert masked(result.output) == masked(promised), typed
                shown += 1
    assert shown >= 6
