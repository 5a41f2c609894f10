"""Code of an experiment that raises KeyboardInterrupt ends the command, which says how to go on."""

from __future__ import annotations

import gc
import logging
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shoal.cli import app

CODE = """
from pathlib import Path

HERE = Path(__file__).parent

async def agent(text: str) -> str:
    if text == "b" and (HERE / "agent-raises").exists():
        raise KeyboardInterrupt
    return text

async def judge(output, expected):
    if (HERE / "judge-raises").exists():
        raise KeyboardInterrupt
    return 1.0
"""


@pytest.mark.parametrize("who", ["agent", "judge"])
@pytest.mark.parametrize("command", ["run", "compare"])
def test_who_interrupts_it_in_its_own_code_is_told_how_to_go_on(
    tmp_path: Path, command: str, who: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    code = f"interrupts_{command}_{who}.py"  # a module of its own for each: what was imported stays
    (tmp_path / code).write_text(CODE, encoding="utf-8")
    (tmp_path / f"{who}-raises").touch()
    (tmp_path / "e.yaml").write_text(
        f"name: e\nworkload: [{{text: a}}, {{text: b}}]\n"
        f"teams: {{one: '{code}:agent', two: '{code}:agent'}}\nscore: {{use: '{code}:judge'}}\n"
        "cluster: {address: local}\n",
        encoding="utf-8",
    )
    more = ["--no-baseline"] if command == "compare" else ["--team", "one"]
    with caplog.at_level(logging.ERROR, "asyncio"):
        ended = CliRunner().invoke(app, [command, "e.yaml", *more])
        gc.collect()  # asyncio tells of what nobody waited for when it is let go
    assert ended.exit_code == 130, ended.output
    assert "interrupted by its own code" in ended.stderr
    assert caplog.records == []
    (tmp_path / f"{who}-raises").unlink()
    found = re.search(r"go on with: shoal (.+)", ended.stderr)
    assert found is not None
    again = CliRunner().invoke(app, found[1].split())
    assert again.exit_code == 0, again.output
