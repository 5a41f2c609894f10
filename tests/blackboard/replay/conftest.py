"""A board that the tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.blackboard.replay.scene import make_run


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with the story in it, which the tests leave as it is."""
    found = tmp_path_factory.mktemp("runs")
    make_run(found)
    return found
