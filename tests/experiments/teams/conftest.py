"""What the tests of teams have in common: a system with a scripted model, and a team of a description in YAML."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from pydantic import TypeAdapter

import shoal
from shoal.experiments.importing import Importer
from shoal.experiments.teams.making import make_team
from shoal.experiments.teams.spec import TeamSpec
from shoal.topologies import Topology
from tests.experiments.teams.crew import HERE

MODELS = {"default": shoal.Model(model="scripted", provider="scripted", script=f"{HERE}:SCRIPT")}
Making = Callable[[str], Topology]


def described(text: str) -> Any:
    """A description in YAML, where ``@name`` stands for something of the crew."""
    return TypeAdapter(TeamSpec).validate_python(yaml.safe_load(text.replace("@", f"{HERE}:")))


@pytest_asyncio.fixture
async def system() -> AsyncIterator[shoal.System]:
    async with shoal.start("local", isolate=True, stop_grace_s=0.2, models=MODELS) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Of an experiment file; path and modules are as before when the test is over."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def make(folder: Path) -> Making:
    return lambda text: make_team(described(text), Importer(folder), MODELS)
