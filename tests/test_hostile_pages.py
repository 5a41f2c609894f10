"""What agents, models and people wrote stands on pages as it is: it is no markup, and it commands no terminal."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import shoal
from shoal.actors.approvals.request import Kind
from shoal.actors.approvals.request_file import RequestFile
from shoal.actors.llm import LLMAgent
from shoal.cli import _PANELS, app
from shoal.errors import ShoalError
from shoal.experiments.task import Task
from shoal.models.chat import Usage
from shoal.models.scripted import Reply, ScriptedModel
from tests.actors.approvals.requests import request
from tests.experiments.report.made_runs import write_run

EVIL = "bad [/x] [red]a[/red] \x1b[31m"
KEY = "bad [/x] [red]a[/red]"
"""The same without a control code, which a board takes in no key: this has to be found on pages."""
NOTHING_OF_OTHERS = {
    "demo", "init", "check", "run", "resume", "schema", "replay", "audit", "advise", "bench", "metrics", "topology",
    "model", "version",
}  # fmt: skip
"""Commands that print nothing that others wrote, or write a run: each is tried where it is tested."""


_STYLE = re.compile("\x1b\\[[0-9;]*m")


class Reviewer(shoal.Agent):
    """Reads and writes the board, asks a model, and fails."""

    async def on_text(self, text: str, ctx: shoal.Context) -> str:
        await ctx.board.put(KEY, EVIL)
        await ctx.board.get(KEY)
        answer: str = await ctx.ask("writer", text)
        if text == "fail":
            raise ValueError(EVIL)
        return answer


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two runs of an experiment written by hand, and one of real agents."""
    write_run(tmp_path, "one", said=EVIL)
    write_run(tmp_path, "two", said=EVIL)
    asyncio.run(_work(tmp_path))
    path = tmp_path / "real"
    (path / "experiment.json").write_text(json.dumps({"name": EVIL, "description": EVIL}))
    (path / "tasks.jsonl").write_text(f"{Task(task=EVIL, case=EVIL, input=EVIL).model_dump_json()}\n")
    (path / "results.jsonl").write_text("")
    _ask(path)
    (tmp_path / "[red]broken").mkdir()
    (tmp_path / "[red]broken" / "run.json").write_text("{")
    return tmp_path


async def _work(root: Path) -> None:
    async with shoal.start("local", run="real", runs_root=root, journal="messages") as system:
        await system.board().open()
        model = ScriptedModel(lambda _: Reply(EVIL, usage=Usage(input_tokens=10, output_tokens=1)))
        await system.spawn(LLMAgent(model), name="writer")
        team = await system.spawn(Reviewer(), name="reviewer")
        assert await system.run.task(team, EVIL, task=EVIL) == EVIL
        with pytest.raises(ShoalError):
            await system.run.task(team, "fail", task=f"{EVIL}2")


def _ask(path: Path) -> None:
    now = time.time()
    with RequestFile(path) as file:
        for number, kind in enumerate((Kind.TOOL, Kind.MESSAGE, Kind.INPUT)):
            asked = request(
                id=str(number) * 24, kind=kind, agent=EVIL, title=EVIL, subject=EVIL, reason=EVIL, task=EVIL,
                value=json.dumps({EVIL: EVIL}), created_at=now, expires_at=now + 1000,
            )  # fmt: skip
            file.ask(asked, now)


def commands() -> Iterator[tuple[str, ...]]:
    """Each that shows a run."""
    yield ("runs",)
    for run in ("one", "real"):
        yield "show", run
        yield "trace", run
        yield "failures", run
        yield "report", run, "--out", "page.html"
    yield "cost", "real"
    yield "cost", "real", "--by", "task"
    for command in ("trace", "why"):
        yield command, "real", EVIL
        yield command, "real", f"{EVIL}2"
        yield command, "one", "t2"
    yield "trace", "one", "t2", "--messages"
    yield "trace", "real", EVIL, "--full"
    yield "compare", "one", "two", "--no-baseline"
    for words in (("show",), ("get", KEY), ("history", KEY), ("diff", "0", "1"), ("replay",)):
        yield "board", words[0], "real", *words[1:]
    yield "approvals", "list", "real"
    yield "approvals", "list", "real", "--all"
    for number in "012":
        yield "approvals", "show", number * 8, "--run", "real"
    yield "approvals", "approve", "00000000", "--note", EVIL, "--by", EVIL, "--run", "real"
    yield "approvals", "reject", "11111111", "--note", EVIL, "--run", "real"
    yield "approvals", "answer", "22222222", EVIL, "--run", "real"
    for number in "012":
        yield "approvals", "show", number * 8, "--run", "real"


def test_every_page_shows_what_others_wrote_as_it_is(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    for words in commands():
        decides = words[1:2] in (("approve",), ("reject",), ("answer",))
        for terminal in (False,) if decides else (False, True):
            text = _printed(root, words, terminal=terminal)
            if words[0] == "runs":
                assert "[red]broken" in text
            elif words[0] not in ("report", "compare") and words != ("cost", "real"):
                assert KEY in text, (words, text)


def _printed(root: Path, words: tuple[str, ...], *, terminal: bool) -> str:
    colours = {"FORCE_COLOR": "1", "TERM": "xterm"} if terminal else {}
    env: dict[str, Any] = {"SHOAL_RUNS": str(root), "COLUMNS": "400", **colours}
    done = CliRunner(env=env).invoke(app, words)
    assert done.exit_code == 0, (shlex.join(words), done.output, done.exception)
    assert EVIL not in done.output, words
    return _STYLE.sub("", done.output) if terminal else done.output


def test_every_command_is_here_or_prints_nothing_that_others_wrote() -> None:
    listed = {name for commands_ in _PANELS.values() for name in commands_}
    assert listed == {words[0] for words in commands()} | NOTHING_OF_OTHERS
