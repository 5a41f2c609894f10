"""The storages under test: each contract test runs on every one of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blackboard.persistence.logs import STORAGES, Storage


@pytest.fixture(params=list(STORAGES))
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """One region's storage; whatever the test leaves open is closed."""
    made = STORAGES[request.param](tmp_path)
    yield made
    made.close()
