"""A run of a team with a model, a tool-less member that fails, and a board: made once, read by many tests."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.experiments.explaining.running import make_run


@pytest.fixture(scope="session")
def run_dir() -> Iterator[Path]:
    """The directory of a finished run, ``desk`` under its root."""
    with tempfile.TemporaryDirectory() as root:
        asyncio.run(make_run(Path(root)))
        yield Path(root) / "desk"
