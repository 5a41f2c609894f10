"""A folder of its own for each test, whose modules are forgotten afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

AGENTS = """
import asyncio
from pydantic import BaseModel
import shoal

class Ticket(BaseModel):
    text: str

class Label(BaseModel):
    label: str

class Other(BaseModel):
    number: int

class Keyword(shoal.Agent):
    async def on_ticket(self, ticket: Ticket) -> Label:
        return Label(label="billing")

class Counter(shoal.Agent):
    async def on_other(self, other: Other) -> Label:
        return Label(label="billing")

class Broken(shoal.Agent):
    def __init__(self):
        raise RuntimeError("no room")

def itself():
    team = shoal.pipeline(first=Keyword())
    team.members["first"] = team
    return team

def price(output):
    return 1.0

NUMBER = 5
"""
BASE = """\
name: triage
workload: {tasks: tickets.jsonl, input: text, answer: label}
team:
  topology: fan_out
  by: {majority: {field: label}}
  members:
    first: {use: agents:Keyword}
    second: {use: agents:Keyword}
"""
TICKETS = '{"id": "a", "text": "charged twice", "label": "billing"}\n{"id": "b", "text": "no PIN", "label": "card"}\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv("SHOAL_RUNS", raising=False)
    (tmp_path / "agents.py").write_text(AGENTS, encoding="utf-8")
    (tmp_path / "tickets.jsonl").write_text(TICKETS, encoding="utf-8")
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
