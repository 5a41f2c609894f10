"""``shoal topology show``, and finding topologies by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shoal.cli import app

TEAMS = """
import shoal

async def clean(text: str) -> str:
    return text.strip()

async def count(text: str) -> int:
    return len(text)

line = shoal.pipeline(clean=clean, count=count)

def broken() -> shoal.Topology:
    return shoal.pipeline(count=count, clean=clean)

def needs(size: int) -> shoal.Topology:
    return line

def fails() -> shoal.Topology:
    raise ValueError("no config")

number = 3
"""
ONE = """
import shoal
async def clean(text: str) -> str:
    return text.strip()
def team() -> shoal.Topology:
    return shoal.single(clean)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shown_teams.py").write_text(TEAMS)
    (tmp_path / "shown_one.py").write_text(ONE)
    (tmp_path / "shown_bad.py").write_text("import there_is_no_such_thing")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def show(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["topology", "show", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


@pytest.mark.parametrize("where", ["shown_teams:line", "shown_teams.py:line"])
def test_a_topology_is_shown_as_a_tree(here: Path, where: str) -> None:
    code, text = show(where)
    assert code == 0
    assert [line.rstrip() for line in text.splitlines()] == [
        "team pipeline: str → int",
        "├── clean: clean",
        "└── count: count (from clean)",
    ]


def test_the_only_one_of_a_module_needs_no_name(here: Path) -> None:
    assert show("shown_one") == (0, "team single: str → str\n└── agent: clean\n")


def test_it_is_drawn_in_other_ways(here: Path) -> None:
    assert show("shown_teams:line", "--as", "mermaid")[1].startswith("flowchart LR")
    assert show("shown_teams:line", "--as", "dot")[1].startswith("digraph")
    graph = json.loads(show("shown_teams:line", "--as", "json", "--name", "mine")[1])
    assert graph["members"]["count"] == {"agent": "count", "address": "mine/count"}


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("shown_teams", "has 3 topologies (line, broken, fails); say which"),
        ("shown_teams:nothing", "has no 'nothing'; topologies there: line, broken, fails"),
        ("shown_teams:number", "is a int, not a topology"),
        ("shown_teams:needs", "is a function, not a topology, nor a function without parameters"),
        ("shown_teams:fails", "fails() failed: ValueError: no config"),
        ("shown_teams:broken", "stage 'count' returns int, which stage 'clean' does not accept"),
        ("no_such_module", "there is no module 'no_such_module'"),
        ("nothing.py", "there is no file nothing.py"),
        ("shown_bad", "shown_bad cannot be imported: No module named 'there_is_no_such_thing'"),
        ("shown_bad.py", "shown_bad.py cannot be imported: ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_line(here: Path, where: str, why: str) -> None:
    code, text = show(where)
    assert code == 1
    assert why in " ".join(text.split())
    assert "Traceback" not in text
